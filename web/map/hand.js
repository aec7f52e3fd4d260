// SPDX-License-Identifier: MIT
// How a visitor moves their marker: mouse, finger or pen over the map, or the arrow keys.

const STEP = 24, FINE = 4; // of the map's height or width in pixels, as on the screen
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const within = (n) => Math.max(0, Math.min(1, n));

/**
 * @param {HTMLElement} stage  @param {() => boolean} isTurned  @param {() => {x: number, y: number}} place  the marker's now
 * @param {(x: number, y: number, how: 'pointer'|'keys') => void} move
 */
export function bindHand(stage, isTurned, place, move) {
  let last = '';
  function point(event) {
    // A browser says that the mouse has moved where it was the page that did.
    const here = `${event.screenX} ${event.screenY}`;
    if (event.type === 'pointermove' && here === last) return;
    last = here;
    const { left, top, width, height } = stage.getBoundingClientRect();
    toWorld(within((event.clientX - left) / width), within((event.clientY - top) / height), 'pointer');
  }
  function toWorld(h, v, how) {
    if (isTurned()) move(1 - v, h, how);
    else move(h, v, how);
  }
  stage.addEventListener('pointerdown', (event) => event.isPrimary && point(event));
  stage.addEventListener('pointermove', (event) => event.isPrimary && point(event));

  stage.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { x, y } = place();
    const [h, v] = isTurned() ? [y, 1 - x] : [x, y];
    const step = event.shiftKey ? FINE : STEP;
    toWorld(within(h + arrow[0] * step / stage.clientWidth), within(v + arrow[1] * step / stage.clientHeight), 'keys');
  });
}
