// SPDX-License-Identifier: MIT
// Draws the town as SVG: crisp at any size, coloured by style.css. In a window that is higher than wide the map is turned a
// quarter (north is left), so that it fills both; what is written on it stays upright.

import { HEIGHT, LINES, PLACES, WIDTH } from './town.js';

const WATER = 'M1300 320L1200 330C1080 330 1010 400 900 420C800 438 740 430 640 458C600 470 575 462 570 452L505 456C490 488 430 476 300 456C180 440 130 408 96 420C60 436 30 420 0 424L-100 430V1000H510L520 900C530 840 560 780 640 726C720 668 800 604 880 564C960 524 1080 470 1200 440L1300 410z';
const DEEP = 'M1200 384C1080 392 1000 462 890 488C770 516 690 540 590 606C470 690 240 800 0 812';
const MUD = [
  'M0 430C60 444 110 420 190 446C300 480 420 488 470 482C430 520 330 548 230 524C140 502 60 500 0 484z',
  'M530 910C530 846 562 786 642 726C720 668 800 604 836 588C760 612 680 640 620 690C540 750 482 820 474 910z',
  'M120 640C190 596 300 600 372 634C400 650 360 690 290 704C210 718 130 700 110 674C104 662 108 648 120 640z',
  'M372 580C420 556 470 552 500 566C480 592 410 610 380 602C368 598 364 586 372 580z',
];
const RIPPLES = 'M150 655q16-8 32 0t32 0M230 675q16-8 32 0t32 0M190 632q12-6 24 0t24 0M60 470q14-7 28 0t28 0M210 492q14-7 28 0t28 0M330 512q12-6 24 0t24 0M600 800q12-6 24 0M580 860q12-6 24 0M40 740q14-7 28 0t28 0M330 790q14-7 28 0t28 0M180 560q14-7 28 0t28 0M690 590q12-6 24 0';
const BUILT = 'M150 190C300 160 520 60 560 66C700 50 830 60 1000 60L1020 120L1010 290L900 320L880 400C760 430 640 446 520 448C420 448 300 440 180 420L120 380z';
const SOUTH = 'M940 556L1075 530L1140 660L1030 700L1040 800L860 790L760 745L850 630z';
const PARK = 'M668 214L752 201L744 286L658 300z';
const MARSH = 'M500 910C520 846 552 786 632 730L672 748C690 790 640 850 640 910z';
const RAIL = 'M0 62C220 40 520 30 760 40S1080 50 1200 30';
const TREES = [[60, 80], [95, 60], [130, 92], [70, 140], [165, 120], [40, 190], [110, 178], [200, 70], [150, 160], [690, 232], [730, 226], [722, 270], [684, 276],
  [1100, 90], [1140, 120], [1085, 130], [1160, 70], [1120, 760], [1150, 800], [1110, 820], [1165, 745], [770, 870], [930, 850], [950, 870], [1150, 600], [760, 790], [1060, 290], [1150, 290]];
const WATERS = [
  { name: 'Wade Estuary', at: [330, 745], off: [0, 0], kind: 'wet large' },
  { name: 'River Wade', at: [1110, 392], off: [0, 0], kind: 'wet' },
  { name: 'N', at: [70, 780], off: [0, 0], kind: 'wet' },
];
const READABLE_PX = 11;
const NEARER = 13; // from the middle of a street to a house

const path = (d, className) => `<path class="${className}" d="${d}"/>`;
const trace = (points) => `M${points.map((p) => p.join(' ')).join('L')}`;

/** Houses along the streets: none on another street or in the park. A number of its own makes the same ones each time. */
function houses() {
  const segments = LINES.flatMap(({ points }) => points.slice(1).map((to, i) => [points[i], to]));
  const isFree = (x, y) => segments.every((segment) => distance(x, y, segment) > NEARER - 2) && !(x > 655 && x < 755 && y > 205 && y < 295)
    && Math.hypot(x - 362, y - 262) > 24 && Math.hypot(x - 525, y - 330) > 22;
  let seed = 7, d = '';
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  for (const { houses: sides, points } of LINES) {
    for (let i = 1; i < points.length && sides !== 'none'; i++) {
      const [ax, ay] = points[i - 1], [bx, by] = points[i];
      const length = Math.hypot(bx - ax, by - ay), ux = (bx - ax) / length, uy = (by - ay) / length;
      for (const side of sides === 'left' ? [1] : [1, -1]) {
        for (let at = 18; at < length - 14;) {
          const wide = 9 + 9 * random(), deep = 8 + 7 * random(), off = NEARER + deep / 2 - 3;
          const x = ax + ux * at + uy * off * side, y = ay + uy * at - ux * off * side;
          if (random() > 0.12 && isFree(x, y)) d += box(x, y, ux, uy, wide / 2, deep / 2);
          at += wide + 3 + 5 * random();
        }
      }
    }
  }
  return d;
}

function distance(x, y, [[ax, ay], [bx, by]]) {
  const dx = bx - ax, dy = by - ay;
  const part = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - dx * part, y - ay - dy * part);
}

function box(x, y, ux, uy, w, h) {
  const corner = (a, b) => `${(x + ux * a - uy * b).toFixed(1)} ${(y + uy * a + ux * b).toFixed(1)}`;
  return `M${corner(-w, -h)}L${corner(w, -h)}L${corner(w, h)}L${corner(-w, h)}z`;
}

/** Draws the town into an `<svg>`. Gives `turn(isTurned, scale)`: the latter in pixels for a unit of the map. */
export function drawTown(svg) {
  const streets = (kind) => LINES.filter((line) => line.kind === kind).map(({ points }) => trace(points)).join('');
  const [main, lane] = [streets('main'), streets('lane')];
  svg.innerHTML = `<defs><clipPath id="wet"><path d="${WATER}"/></clipPath></defs><g class="ground">
    <rect class="land" width="${WIDTH}" height="${HEIGHT}"/>
    ${path('M0 0H260L230 170L40 330H0z', 'green')}${path('M1040 60H1200V180L1060 200z', 'green')}${path('M1060 700L1200 660V900H1060z', 'green')}
    ${path('M700 820L860 820L1000 880V900H680z', 'field')}${path('M1050 280L1200 230V320L1080 318L1020 350z', 'field')}
    ${path(MARSH, 'marsh')}${path(BUILT, 'built')}${path(SOUTH, 'built')}${path(PARK, 'green')}
    ${path(WATER, 'water')}
    <g clip-path="url(#wet)">${path(WATER, 'shore wide')}${path(WATER, 'shore')}${path(DEEP, 'deep')}${path(MUD.join(''), 'mud')}</g>
    ${path(RIPPLES, 'ripple')}${path(WATER, 'bank')}
    ${path(RAIL, 'rail')}${path(RAIL, 'rail ties')}
    ${path(lane, 'casing lane')}${path(main, 'casing main')}${path(lane, 'street lane')}${path(main, 'street main')}
    ${path(houses(), 'houses')}
    ${path('M560 490L666 700', 'ferry')}
    ${path('M512 440h26v44h-26zM556 440h12v40h-12z', 'pier')}
    <rect class="square" x="507" y="316" width="36" height="28" rx="3"/>
    ${path('M352 254h8v-10h6v10h8v6h-8v18h-6v-18h-8z', 'mark')}
    ${path('M870 36h46v14h-46z', 'mark')}
    ${path('M57 392l3-26h4l3 26zM58 362h8v-6h-8z', 'mark')}
    ${path('M927 420l20 128M941 414l22 130', 'rails')}
    <g class="trees">${TREES.map(([x, y], i) => `<circle cx="${x}" cy="${y}" r="${9 + i % 4 * 2}"/>`).join('')}</g>
    <g class="compass"><path d="M70 790l10 34l-10 34l-10-34z"/><path class="north" d="M70 790l10 34h-20z"/></g>
    <g class="labels"></g></g>`;
  const labels = svg.querySelector('.labels');
  const written = [...PLACES.map(({ name, at, label }) => ({ name, at, off: label, kind: /Sands|marsh/.test(name) ? 'wet' : 'place' })), ...WATERS];
  for (const { name, kind } of written) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    node.textContent = name;
    node.setAttribute('class', kind);
    labels.append(node);
  }

  return function turn(isTurned, scale) {
    const [wide, high] = isTurned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
    const size = Math.max(19, READABLE_PX / scale);
    svg.setAttribute('viewBox', `0 0 ${wide} ${high}`);
    svg.querySelector('.ground').setAttribute('transform', isTurned ? `translate(0 ${WIDTH}) rotate(-90)` : '');
    svg.style.setProperty('--label', `${size}px`);
    written.forEach(({ name, kind, at: [x, y], off: [dx, dy] }, i) => {
      const half = name.length * size * (kind.includes('large') ? 0.48 : 0.3);
      const middle = (isTurned ? y : x) + dx;
      const inside = Math.max(half, Math.min(wide - half, middle)) - middle; // of the map's edges
      labels.children[i].setAttribute('transform', `translate(${x} ${y})${isTurned ? ' rotate(90)' : ''} translate(${dx + inside} ${dy * size / 19})`);
    });
  };
}
