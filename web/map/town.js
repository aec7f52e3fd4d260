// SPDX-License-Identifier: MIT
// The town at the estuary: what is drawn (art.js), where couriers ride (riders.js), and what places are called. In units of
// which the map is 1200 wide (west to east) and 900 high (north to south).

export const WIDTH = 1200, HEIGHT = 900;

const NODES = {
  light: [62, 372],
  h1: [78, 345], h2: [190, 328], h3: [300, 322], h4: [410, 326], h5: [525, 330], h6: [640, 320], h7: [760, 300], h8: [880, 286], h9: [1010, 258], h10: [1130, 212], h11: [1200, 186],
  q2: [196, 404], q3: [302, 412], q4: [412, 424], q5: [525, 432], q6: [642, 418], q7: [762, 396], q8: [868, 372], b1: [936, 392],
  u2: [184, 222], u3: [306, 208], u4: [420, 200], u5: [533, 204], u6: [650, 194], u7: [772, 178], u8: [888, 160], u9: [995, 150],
  t3: [330, 98], t5: [545, 92], t7: [790, 82], t9: [985, 84],
  b2: [956, 566], s2: [866, 640], s3: [776, 712], s4: [704, 796], s5: [664, 900], s6: [1060, 552], s7: [1200, 520], s8: [1000, 668], s9: [1016, 786], s10: [1034, 900],
  s11: [1112, 650], s12: [884, 764], s13: [818, 848], ferry: [690, 716],
};

// [kind, houses on: both sides, left or right of the way, none, nodes]
const WAYS = [
  ['main', 'both', 'h1 h2 h3 h4 h5 h6 h7 h8 h9 h10 h11'],
  ['main', 'left', 'q2 q3 q4 q5 q6 q7 q8'],
  ['main', 'none', 'h8 q8 b1 b2'],
  ['lane', 'both', 'u2 u3 u4 u5 u6 u7 u8 u9'],
  ['lane', 'none', 'light h1 q2'],
  ['lane', 'none', 'u2 t3 t5 t7 t9 u9 h9'],
  ['lane', 'both', 'u2 h2 q2'], ['lane', 'both', 'u3 h3 q3'], ['lane', 'both', 't3 u3'], ['lane', 'both', 'u4 h4 q4'],
  ['lane', 'both', 't5 u5 h5 q5'], ['lane', 'both', 'u6 h6 q6'], ['lane', 'both', 't7 u7 h7 q7'], ['lane', 'both', 'u8 h8'],
  ['main', 'both', 'b2 s2 s3'], ['main', 'none', 's3 s4 s5'], ['main', 'none', 'b2 s6 s7'],
  ['lane', 'both', 'b2 s8 s9 s12'], ['lane', 'both', 's2 s8 s11'], ['lane', 'none', 's11 s6'], ['lane', 'none', 's9 s10'],
  ['lane', 'none', 's3 s12 s13 s4'], ['lane', 'none', 's3 ferry'],
];

/** Each way as { kind, houses, points }. */
export const LINES = WAYS.map(([kind, houses, nodes]) => ({ kind, houses, points: nodes.split(' ').map((node) => NODES[node]) }));

export const STREETS = {
  nodes: NODES,
  edges: WAYS.flatMap(([, , nodes]) => nodes.split(' ').map((node, i, all) => [all[i - 1], node]).slice(1)),
};

// [name, in a sentence, x, y, how far off its name stands, as it is seen]
const NAMED = [
  ['Lighthouse', 'the lighthouse', 62, 385, 0, 30],
  ['North Heath', 'the North Heath', 120, 130, 0, 0],
  ['St Wade’s', 'St Wade’s church', 362, 262, 0, 28],
  ['Fish Quay', 'the Fish Quay', 330, 432, 0, 14],
  ['Harbour', 'the harbour', 548, 470, 0, 34],
  ['Market', 'the market', 525, 330, 0, -24],
  ['Lime Park', 'Lime Park', 706, 248, 0, 0],
  ['Station', 'the station', 890, 48, 0, 28],
  ['Old Bridge', 'the Old Bridge', 946, 478, 62, 2],
  ['Southwade', 'Southwade', 985, 640, 0, 0],
  ['Ferry', 'the ferry', 672, 706, 32, 34],
  ['Godwit Sands', 'Godwit Sands', 250, 650, 0, 0],
  ['Saltmarsh', 'the saltmarsh', 610, 850, 4, 10],
];
export const PLACES = NAMED.map(([name, said, x, y, dx, dy]) => ({ name, said, x: x / WIDTH, y: y / HEIGHT, at: [x, y], label: [dx, dy] }));

const AT = 30, NEAR = 95;
const WINDS = ['east', 'south-east', 'south', 'south-west', 'west', 'north-west', 'north', 'north-east'];

/** Where that is, in words: “near the harbour”. `x` and `y` from 0 to 1. */
export function whereIs({ x, y }) {
  let nearest, least = Infinity;
  for (const place of PLACES) {
    const far = Math.hypot((x - place.x) * WIDTH, (y - place.y) * HEIGHT);
    if (far < least) [nearest, least] = [place, far];
  }
  if (least < AT) return `at ${nearest.said}`;
  if (least < NEAR) return `near ${nearest.said}`;
  const angle = Math.atan2((y - nearest.y) * HEIGHT, (x - nearest.x) * WIDTH);
  return `${WINDS[(Math.round(angle / (Math.PI / 4)) + 8) % 8]} of ${nearest.said}`;
}
