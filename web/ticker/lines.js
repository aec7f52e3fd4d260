// SPDX-License-Identifier: MIT
// Small lines on canvases: as many pixels as the screen has, in the page's colours, painted again when those change.

const dark = matchMedia('(prefers-color-scheme: dark)');
let colours;

/** The page's colours as they are now: `colour('tide')`. */
export function colour(name) {
  colours ??= getComputedStyle(probe());
  return colours.getPropertyValue(`--now-${name}`);
}

// light-dark() is resolved where a property is a colour: what is registered as one (style.css) can be read.
const probe = () => document.documentElement;

/** Calls `paint` when colours, or the pixels of the screen, are others. */
export function watchColours(paint) {
  const again = () => {
    colours = undefined;
    paint();
  };
  dark.addEventListener('change', again);
  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  addEventListener('resize', again);
}

/** A canvas's context, cleared, in CSS pixels: { pen, width, height }. */
export function sheet(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

/** A line through [x, y], with a soft ground under it and a dot at its end. */
export function line({ pen, height }, points, ink, { ground, dot = 0, width = 1.25 } = {}) {
  if (!points.length) return;
  const last = points.at(-1);
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.strokeStyle = ink;
  pen.lineWidth = width;
  pen.lineJoin = 'round';
  pen.stroke();
  if (ground) {
    pen.lineTo(last[0], height);
    pen.lineTo(points[0][0], height);
    pen.fillStyle = ground;
    pen.fill();
  }
  if (!dot) return;
  pen.beginPath();
  pen.arc(last[0], last[1], dot, 0, 2 * Math.PI);
  pen.fillStyle = ink;
  pen.fill();
}
