// SPDX-License-Identifier: MIT
// The window's clock and its couriers, in a worker: a browser slows down the timers of a page that nobody sees, not these. It is
// told how many couriers there are, and tells where they are; without any it just beats.

import { makeRiders } from './riders.js';
import { HEIGHT, STREETS, WIDTH } from './town.js';

const RIDE_MS = 100, REST_MS = 250;
const riders = makeRiders(STREETS);
let beating, last;

function beat() {
  const now = performance.now();
  const places = riders.ride(Math.min(now - last, 2000)); // after a sleep they do not jump across the town
  last = now;
  postMessage(places.map((n, i) => n / (i % 2 ? HEIGHT : WIDTH)));
}

function set(count) {
  riders.count = count;
  clearInterval(beating);
  last = performance.now();
  beating = setInterval(beat, count ? RIDE_MS : REST_MS);
  beat();
}

onmessage = ({ data: count }) => set(count);
set(0);
