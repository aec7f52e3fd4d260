// SPDX-License-Identifier: MIT
// A small picture of each transport: time goes down, the client is left, the server right, a dot is a message that somebody has
// published. Labels are keys of the words, so that a picture speaks the page's language.

const SVG = 'http://www.w3.org/2000/svg';
const [LEFT, RIGHT, HEIGHT, SLOPE] = [48, 272, 176, 7];

// up, down: an arrow and its label; said: a message is published; held: the connection is busy from one height to another;
// late: a message waits from one height to another; cut
const PICTURES = {
  poll: [
    ['up', 34, 'GET'], ['down', 48, 'diagram.empty'], ['said', 70], ['late', 70, 106], ['up', 92, 'GET'], ['down', 106, 'diagram.one'],
    ['up', 140, 'GET'], ['down', 154, 'diagram.empty'],
  ],
  longpoll: [
    ['held', 34, 74], ['up', 34, 'diagram.wait'], ['said', 72], ['down', 74, 'diagram.one'],
    ['held', 94, 128], ['up', 94, 'diagram.wait'], ['said', 126], ['down', 128, 'diagram.one'], ['held', 150, 172], ['up', 150, 'diagram.wait'],
  ],
  ndjson: [
    ['held', 34, 172], ['up', 34, 'GET'], ['down', 50, 'diagram.open'], ['said', 78], ['down', 80, 'diagram.line'],
    ['said', 108], ['down', 110, 'diagram.line'], ['said', 144], ['down', 146, 'diagram.line'],
  ],
  sse: [
    ['held', 34, 88], ['up', 34, 'GET'], ['down', 50, 'diagram.open'], ['said', 72], ['down', 74, 'diagram.event'], ['cut', 94],
    ['said', 108], ['late', 108, 150], ['held', 128, 172], ['up', 128, 'diagram.last'], ['down', 146, 'diagram.event'],
  ],
  websocket: [
    ['held', 34, 172], ['up', 34, 'diagram.upgrade'], ['down', 50, '101'], ['said', 78], ['down', 80, 'diagram.frame'],
    ['up', 104, 'diagram.frame'], ['said', 128], ['down', 130, 'diagram.frame'], ['up', 154, 'diagram.frame'],
  ],
};

function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function arrow(isUp, y, label) {
  const [from, to] = isUp ? [LEFT, RIGHT] : [RIGHT, LEFT];
  const back = isUp ? -7 : 7;
  return [
    draw('path', { class: isUp ? 'up' : 'down', d: `M${from} ${y}L${to} ${y + SLOPE}m${back} -4l${-back} 4l${back} 4` }),
    draw('text', { x: (LEFT + RIGHT) / 2, y: y - 1, class: 'said', 'text-anchor': 'middle' }, label),
  ];
}

const PARTS = {
  up: (say, y, label) => arrow(true, y, say(label)),
  down: (say, y, label) => arrow(false, y, say(label)),
  said: (say, y) => [draw('circle', { class: 'message', cx: RIGHT + 12, cy: y, r: 4.5 })],
  held: (say, from, to) => [draw('rect', { class: 'held', x: LEFT - 4, y: from, width: 8, height: to - from, rx: 2 }), draw('rect', { class: 'held', x: RIGHT - 4, y: from, width: 8, height: to - from, rx: 2 })],
  late: (say, from, to) => [
    draw('path', { class: 'late', d: `M${LEFT - 16} ${from}h8m-4 0V${to + SLOPE}m-4 0h8` }),
    draw('text', { x: LEFT - 16, y: (from + to + SLOPE) / 2 - 6, class: 'late', 'text-anchor': 'end', transform: `rotate(-90 ${LEFT - 20} ${(from + to + SLOPE) / 2})`, dx: 22, dy: 6 }, say('diagram.late')),
  ],
  cut: (say, y) => [draw('path', { class: 'cut', d: `M${LEFT - 10} ${y + 4}l8 -8l4 8l8 -8M${RIGHT - 10} ${y + 4}l8 -8l4 8l8 -8` }), draw('text', { x: (LEFT + RIGHT) / 2, y: y + 3, class: 'cut', 'text-anchor': 'middle' }, say('diagram.cut'))],
};

/** The picture of a transport; `say` gives the words of a key. */
export function diagram(name, say) {
  const words = (label) => (label.startsWith('diagram.') ? say(label) : label);
  const picture = draw('svg', { viewBox: `0 0 320 ${HEIGHT}`, class: `diagram ${name}`, role: 'img', 'aria-label': say(`picture.${name}`) });
  for (const [x, key] of [[LEFT, 'diagram.client'], [RIGHT, 'diagram.server']]) {
    picture.append(draw('text', { x, y: 14, class: 'who', 'text-anchor': 'middle' }, say(key)), draw('path', { class: 'life', d: `M${x} 20V${HEIGHT}` }));
  }
  const parts = PICTURES[name].map(([part, ...rest]) => [part, PARTS[part](words, ...rest)]);
  for (const isBand of [true, false]) for (const [part, nodes] of parts) if ((part === 'held') === isBand) picture.append(...nodes);
  return picture;
}
