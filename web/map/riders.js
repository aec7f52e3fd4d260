// SPDX-License-Identifier: MIT
// Couriers that ride through the streets: each from crossing to crossing, back only where a street ends.

const SLOWEST = 26, FASTEST = 48; // of the map's units in a second: it is 1200 wide

/** @param {{nodes: Record<string, [number, number]>, edges: [string, string][]}} streets */
export function makeRiders({ nodes, edges }, random = Math.random) {
  const next = {};
  for (const [a, b] of edges) {
    (next[a] ??= []).push(b);
    (next[b] ??= []).push(a);
  }
  const crossings = Object.keys(next);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const riders = [];

  function turn(rider) {
    const onward = next[rider.to].filter((node) => node !== rider.from);
    [rider.from, rider.to] = [rider.to, onward.length ? pick(onward) : rider.from];
    const [ax, ay] = nodes[rider.from], [bx, by] = nodes[rider.to];
    rider.length = Math.hypot(bx - ax, by - ay);
  }

  function start() {
    const rider = { from: undefined, to: pick(crossings), speed: SLOWEST + (FASTEST - SLOWEST) * random() };
    turn(rider);
    rider.done = rider.length * random();
    return rider;
  }

  function placeOf({ from, to, done, length }) {
    const [ax, ay] = nodes[from], [bx, by] = nodes[to];
    return [ax + (bx - ax) * done / length, ay + (by - ay) * done / length];
  }

  return {
    /** Somewhere in a street. */
    begin: () => placeOf(start()),

    set count(n) {
      riders.length = Math.min(riders.length, n);
      while (riders.length < n) riders.push(start());
    },

    /** On by so many milliseconds; gives where they are: x, y, x, y … in the map's units. */
    ride(ms) {
      const places = [];
      for (const rider of riders) {
        rider.done += rider.speed * ms / 1000;
        while (rider.done >= rider.length) {
          rider.done -= rider.length;
          turn(rider);
        }
        places.push(...placeOf(rider));
      }
      return places;
    },
  };
}
