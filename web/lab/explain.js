// SPDX-License-Identifier: MIT
// The explanation: of each transport how it works, its picture, its bytes, what one sees of it now; and what it all comes to.

import { byId, element, setText } from '../design/dom.js';
import { diagram } from './diagram.js';
import { TRANSPORTS } from './figures.js';
import { sayAll, sayNow } from './say.js';
import { WIRE } from './wire.js';

/** Text in which `this` stands for code. */
function rich(text) {
  return text.split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part));
}

function setRich(node, text) {
  if (node.dataset.text === text) return;
  node.dataset.text = text;
  node.replaceChildren(...rich(text));
}

function build(name) {
  const parts = Object.fromEntries(['means', 'now', 'good', 'cost', 'cut'].map((part) => [part, element('p', { className: part })]));
  const [title, picture, wireTitle] = [element('h3'), element('div', { className: 'picture' }), element('summary')];
  const goodTitle = element('h4'), costTitle = element('h4'), cutTitle = element('h4');
  const bytes = element('pre', { tabIndex: 0, aria: { role: 'region' } });
  const check = element('p', { className: 'hint check' });
  const article = element('article', { id: `how-${name}`, className: `card how ${name}`, tabIndex: -1 },
    element('header', {}, title),
    element('div', { className: 'inside' },
      element('div', { className: 'words' }, parts.means, parts.now, goodTitle, parts.good, costTitle, parts.cost, cutTitle, parts.cut),
      picture,
      element('details', {}, wireTitle, bytes, check)));
  byId('transports').append(article);
  return { name, title, picture, parts, wireTitle, bytes, check, heads: { good: goodTitle, cost: costTitle, cut: cutTitle } };
}

const SESSION = '000WBBwYMImxfFr55IOdlheF';
const DATE = 'Sat, 21 Nov 2026 20:03:55 GMT';

/** What went over the wire, as lines: whose they are, and the text. */
function bytesOf(name, host) {
  return WIRE[name].map(({ from, header, text }) => {
    const said = text.replace('{host}', host).replace('{now}', DATE).replace('{session}', SESSION);
    return { from, size: said.length + (header ? header.split(' ').length : 0), header, text: said.replaceAll('\r\n', '\n').trimEnd() };
  });
}

export function buildExplanation() {
  const articles = TRANSPORTS.map(build);
  let spoken = null, hosts = {};

  function write(speak) {
    for (const { name, title, picture, parts, wireTitle, heads } of articles) {
      setText(title, speak.say(`name.${name}`));
      for (const part of ['means', 'good', 'cost', 'cut']) setRich(parts[part], speak.say(`${part}.${name}`));
      for (const [part, node] of Object.entries(heads)) setText(node, speak.say(`head.${part}`));
      setText(wireTitle, speak.say('wire'));
      picture.replaceChildren(diagram(name, speak.say));
    }
    for (const node of document.querySelectorAll('[data-say]')) setRich(node, speak.say(node.dataset.say));
    for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', speak.say(node.dataset.label));
  }

  function writeBytes({ name, bytes, check }, url, speak) {
    const host = url ? new URL(url).host : '127.0.0.1:8000';
    bytes.setAttribute('aria-label', speak.say('wire.of', { name: speak.say(`name.${name}`) }));
    bytes.replaceChildren(...bytesOf(name, host).map(({ from, size, header, text }) => element('span', { className: `said ${from}` },
      element('b', {}, speak.say(`wire.${from}`, { size: speak.bytes(size) })), ...(header ? [element('i', {}, header), ' '] : []), text)));
    setRich(check, url ? speak.say('wire.check', { port: new URL(url).port }) : '');
  }

  return ({ phase, figures }, all, speak) => {
    const isNew = spoken !== speak.lang;
    spoken = speak.lang;
    if (isNew) write(speak);
    for (const article of articles) {
      const url = figures?.transports[article.name]?.url ?? null;
      if (isNew || hosts[article.name] !== url) writeBytes(article, url, speak);
      hosts[article.name] = url;
      const runs = ['running', 'cut'].includes(phase);
      setRich(article.parts.now, speak.say(...sayNow(article.name, runs ? all : null, figures?.settings, phase, speak)));
    }
    const said = figures ? sayAll(all, figures.settings, phase, speak) : [];
    byId('all').hidden = !said.length;
    setText(byId('all'), said.map(([key, values]) => speak.say(key, values)).join(' '));
  };
}
