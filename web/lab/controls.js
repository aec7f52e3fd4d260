// SPDX-License-Identifier: MIT
// What can be set: start, stop, cut, the switch, four sliders and the presets. What is set holds for all windows, so a slider shows
// what the lab says, but while it is moved here and until the lab has had the time to agree.

import { byId, element, setText } from '../design/dom.js';

const SEND_MS = 200; // a slider that is being dragged is not told step by step
const AGREE_MS = 3000;
const CUT_MS = 2000;

// Steps that each feel like one: what is in between cannot be set here, but is shown where another program has set it.
const STEPS = {
  rate: [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200],
  payload: [48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384],
  interval: [100, 200, 500, 1000, 2000, 5000, 10_000],
  clients: [1, 2, 5, 10, 20, 50, 100, 200],
};
const PRESETS = {
  chat: { rate: 2, payload: 128, interval: 1000, clients: 20 },
  ticker: { rate: 50, payload: 64, interval: 500, clients: 10 },
  rare: { rate: 0.2, payload: 256, interval: 1000, clients: 20 },
  dashboards: { rate: 1, payload: 1024, interval: 5000, clients: 200 },
};

const BEGINS = { rate: 5, payload: 256, interval: 1000, clients: 10, cursor: true }; // shown until the lab says what holds

/** The step that lies nearest, as one hears it: by proportion. */
function nearest(steps, value) {
  const far = (step) => Math.abs(Math.log(step / value));
  return steps.reduce((best, step, i) => (far(step) < far(steps[best]) ? i : best), 0);
}

const isPreset = (settings, preset) => Object.entries(preset).every(([name, value]) => settings[name] === value);

/** @returns {{paint(experiment, isOnline: boolean, speak): void}} */
export function bindControls(experiment) {
  const sliders = {};
  const wanted = {}; // by name: { value, until }
  let speak = null, timer = 0, outgoing = {};

  function want(settings) {
    for (const [name, value] of Object.entries(settings)) wanted[name] = { value, until: Date.now() + AGREE_MS };
    Object.assign(outgoing, settings);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const set = outgoing;
      outgoing = {};
      experiment.set(set).catch(() => {
        for (const name of Object.keys(set)) delete wanted[name]; // the lab's figures show what holds
      });
    }, SEND_MS);
  }

  const shownOf = (name, settings) => {
    const own = wanted[name];
    if (own && (Date.now() > own.until || own.value === settings[name])) delete wanted[name];
    return wanted[name]?.value ?? settings[name];
  };

  const writeValue = (name, value) => {
    const text = { rate: speak.perSecond, payload: speak.bytes, interval: speak.ms, clients: speak.count }[name](value);
    setText(sliders[name].output, text);
    sliders[name].input.setAttribute('aria-valuetext', text);
  };

  for (const [name, steps] of Object.entries(STEPS)) {
    const input = element('input', { type: 'range', min: '0', max: String(steps.length - 1), step: '1', id: `set-${name}` });
    const label = element('label', { htmlFor: input.id });
    const output = element('output', { className: 'number', htmlFor: input.id });
    const hint = element('p', { className: 'hint', id: `hint-${name}` });
    input.setAttribute('aria-describedby', hint.id);
    byId('sliders').append(element('div', { className: 'slider' }, label, output, input, hint));
    sliders[name] = { input, label, output, hint };
    input.addEventListener('input', () => {
      want({ [name]: steps[Number(input.value)] });
      writeValue(name, steps[Number(input.value)]);
    });
  }
  const presets = Object.entries(PRESETS).map(([name, preset]) => {
    const button = element('button', { type: 'button', className: 'quiet' });
    button.addEventListener('click', () => want(preset));
    byId('presets').append(button);
    return { name, preset, button };
  });

  byId('start').addEventListener('click', () => experiment.start());
  byId('stop').addEventListener('click', () => experiment.stop().catch(() => {}));
  byId('cut').addEventListener('click', () => experiment.cut(CUT_MS).catch(() => {}));
  byId('cursor').addEventListener('change', ({ target }) => want({ cursor: target.checked }));

  function paintSettings(settings, canSet) {
    for (const [name, { input, label, hint }] of Object.entries(sliders)) {
      const value = shownOf(name, settings);
      setText(label, speak.say(`set.${name}`));
      setText(hint, speak.say(`set.${name}.hint`));
      input.value = String(nearest(STEPS[name], value));
      input.disabled = !canSet;
      writeValue(name, value);
    }
    byId('cursor').checked = shownOf('cursor', settings);
    byId('cursor').disabled = !canSet;
    const shown = Object.fromEntries(Object.keys(STEPS).map((name) => [name, shownOf(name, settings)]));
    for (const { name, preset, button } of presets) {
      setText(button, speak.say(`preset.${name}`));
      button.disabled = !canSet;
      button.setAttribute('aria-pressed', String(isPreset(shown, preset)));
    }
  }

  return {
    paint({ phase, figures }, isOnline, now) {
      speak = now;
      const runs = ['connecting', 'running', 'cut'].includes(phase);
      const isThere = runs || phase === 'resting';
      byId('start').hidden = runs;
      byId('start').disabled = !isOnline || phase === 'starting';
      byId('stop').hidden = !runs;
      byId('stop').disabled = byId('cut').disabled = !isOnline || !runs;
      byId('cut').disabled ||= phase !== 'running';
      setText(byId('start'), speak.say(phase === 'starting' ? 'start.wait' : phase === 'gone' ? 'start.again' : 'start'));
      paintSettings(figures?.settings ?? BEGINS, isOnline && isThere);
    },
  };
}
