// SPDX-License-Identifier: MIT
// JSON that is almost what it should be: a good value with some of its parts exchanged for others. The same ones each time.

export function makeRandom(seed = 7) {
  return () => (seed = seed * 16807 % 2147483647) / 2147483647;
}

const ODD = [null, true, false, 0, -1, 0.5, 3, 1e15, 1e308, -1e308, 5e-324, '', ' ', 'x', 'y', '1', '<b>', '\u0000', '\u202eabc\u2066', '\ud800', 'e:1', 'x'.repeat(5000),
  [], [null], [[]], [['y', null]], [[null, {}]], [1, 2], {}, { length: 9 }, { toString: 1 }, { round: 'r1' }, JSON.parse('{"__proto__":{"x":1}}')];

/** A copy of `value` with one to three parts of it changed. */
export function mutate(value, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const box = { value: structuredClone(value) };
  for (let n = 1 + Math.floor(3 * random()); n > 0; n--) {
    const places = [];
    const collect = (at) => Object.keys(at).forEach((key) => {
      places.push([at, key]);
      if (at[key] && typeof at[key] === 'object') collect(at[key]);
    });
    collect(box);
    const [at, key] = pick(places);
    const how = random();
    if (how < 0.7) at[key] = structuredClone(pick(ODD));
    else if (how < 0.8 && at !== box) delete at[key];
    else if (how < 0.9 && Array.isArray(at)) at.push(structuredClone(at[key]));
    else {
      const [from, name] = pick(places);
      at[key] = structuredClone(from[name]);
    }
  }
  return JSON.parse(JSON.stringify(box.value ?? null));
}
