// SPDX-License-Identifier: MIT
// The figures on the map: people and their couriers, gliding from where they were seen to where they are now (or there at once,
// where the visitor wants no motion), and a short trail behind whoever moves.

import { badge, element, setText, toneOf } from '../design/dom.js';

const SHORTEST_MS = 40, LONGEST_MS = 320; // a figure glides for as long as its last message took to come
const TRAIL_MS = 500;
const SPELLED = 5; // couriers with their whole name; of more the number
const EDGE = 70; // so near to the map's edge a name stands on the other side
const INSIDE = 12; // a badge is not cut by the edge
const SVG = 'http://www.w3.org/2000/svg';

const RIDE_MS = 30; // couriers are slow: where nobody else moves, every other frame does

const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** @param {HTMLElement} layer  @param {SVGElement} trails  both over the map, as large as it */
export function makeFigures(layer, trails) {
  const shown = new Map(); // by marker key: what moves, and its couriers
  let wide = 1, high = 1, isTurned = false, frame = 0, paintedAt = 0, hasWalkers = true;

  const toScreen = ({ x, y }) => (isTurned ? [y * wide, (1 - x) * high] : [x * wide, y * high]);

  const inside = (n, most) => Math.max(INSIDE, Math.min(most - INSIDE, n));

  function makeMover(node) {
    layer.append(node);
    return { node, at: undefined, from: undefined, to: undefined, since: 0, span: 0 };
  }

  function send(mover, place, now, span) {
    if (mover.to && mover.to.x === place.x && mover.to.y === place.y) return false;
    const isSmooth = mover.at && !calm.matches;
    Object.assign(mover, { from: isSmooth ? mover.at : place, to: { x: place.x, y: place.y }, since: now, span: isSmooth ? span : 0, isThere: false });
    return true;
  }

  /** Whether it moves on after this. */
  function step(mover, now) {
    if (mover.isThere) return false;
    const part = mover.span ? Math.min(1, (now - mover.since) / mover.span) : 1;
    const { from, to } = mover;
    mover.at = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    let [left, top] = toScreen(mover.at);
    if (mover.tag) [left, top] = [inside(left, wide), inside(top, high)];
    mover.node.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    if (mover.tag) placeTag(mover, left, top);
    mover.isThere = part === 1;
    return !mover.isThere;
  }

  function makeFigure({ name, isOwn, isOutside }) {
    const tag = element('span', { className: 'tag' });
    const node = element('div', { className: `figure tone-${toneOf(name)}${isOwn ? ' own' : ''}${isOutside ? ' outside' : ''}` }, badge(name), tag);
    const line = document.createElementNS(SVG, 'polyline');
    line.setAttribute('class', `trail tone-${toneOf(name)}`);
    trails.append(line);
    return { ...makeMover(node), name, isOwn, tag, line, trail: [], couriers: [], heardAt: 0, movedAt: performance.now() };
  }

  function makeCourier(figure, n) {
    const node = element('div', { className: `courier tone-${toneOf(figure.name)}${figure.isOwn ? ' own' : ''}` },
      element('span', { className: 'kite' }), element('span', { className: 'tag' }, n > SPELLED ? String(n) : `courier ${n} of ${figure.name}`));
    node.classList.toggle('found', figure.isFound === true);
    const mover = makeMover(node);
    layer.prepend(node);
    return mover;
  }

  function head(mover) {
    const [ax, ay] = toScreen(mover.from), [bx, by] = toScreen(mover.to);
    if (Math.hypot(bx - ax, by - ay) > 0.5) mover.node.style.setProperty('--heading', `${Math.round(Math.atan2(by - ay, bx - ax) * 180 / Math.PI) + 90}deg`);
  }

  function paint() {
    frame = 0;
    const now = performance.now();
    if (!hasWalkers && now - paintedAt < RIDE_MS) return wake();
    paintedAt = now;
    hasWalkers = false;
    let hasRiders = false;
    for (const figure of shown.values()) {
      hasWalkers = step(figure, now) || hasWalkers;
      hasWalkers = paintTrail(figure, now) || hasWalkers;
      for (const courier of figure.couriers) hasRiders = step(courier, now) || hasRiders;
    }
    if (hasWalkers || hasRiders) wake();
  }

  function paintTrail(figure, now) {
    if (calm.matches) figure.trail.length = 0;
    else if (now - figure.movedAt < LONGEST_MS) figure.trail.push([now, ...toScreen(figure.at)]);
    while (figure.trail[0]?.[0] < now - TRAIL_MS) figure.trail.shift();
    if (figure.trail.length || figure.hasTrail) figure.line.setAttribute('points', figure.trail.map(([, x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '));
    figure.hasTrail = figure.trail.length > 0;
    return figure.hasTrail;
  }

  function placeTag(figure, left, top) {
    figure.node.dataset.edge = left < EDGE ? 'left' : left > wide - EDGE ? 'right' : '';
    figure.node.classList.toggle('low', top > high - EDGE / 1.5);
  }

  function wake() {
    frame ||= requestAnimationFrame(paint);
  }

  return {
    /** A figure stands at x and y now, and its couriers where they are. */
    put(key, { name, label = name, x, y, couriers, isOwn = false, isOutside = false }) {
      const now = performance.now();
      let figure = shown.get(key);
      if (!figure) shown.set(key, figure = makeFigure({ name, isOwn, isOutside }));
      setText(figure.tag, label);
      const span = isOwn ? 0 : Math.max(SHORTEST_MS, Math.min(LONGEST_MS, now - figure.heardAt));
      figure.heardAt = now;
      if (send(figure, { x, y }, now, span)) {
        figure.movedAt = now;
        hasWalkers = true;
      }
      while (figure.couriers.length > couriers.length) figure.couriers.pop().node.remove();
      while (figure.couriers.length < couriers.length) figure.couriers.push(makeCourier(figure, figure.couriers.length + 1));
      figure.couriers.forEach((mover, i) => send(mover, couriers[i], now, isOwn ? 100 : span) && head(mover));
      wake();
    },

    drop(key) {
      const figure = shown.get(key);
      if (!figure) return;
      shown.delete(key);
      for (const { node } of [figure, ...figure.couriers]) node.remove();
      figure.line.remove();
    },

    /** These are pointed out, with the names of their couriers. */
    find(keys) {
      layer.classList.toggle('finding', keys.size > 0);
      for (const [key, figure] of shown) {
        figure.isFound = keys.has(key);
        for (const { node } of [figure, ...figure.couriers]) node.classList.toggle('found', figure.isFound);
      }
    },

    /** Fades a little, or no more. */
    rest(key, isIdle) {
      shown.get(key)?.node.classList.toggle('idle', isIdle);
    },

    resize(size) {
      ({ wide, high, isTurned } = size);
      for (const figure of shown.values()) {
        figure.trail.length = 0;
        for (const mover of [figure, ...figure.couriers]) mover.isThere = false;
      }
      wake();
    },
  };
}
