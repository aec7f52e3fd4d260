// SPDX-License-Identifier: MIT
// What every page has around it: the way to the others, light or dark, and how the connection is doing, in words.

import { element, setText } from './dom.js';
import { ofBrowser } from './storage.js';

export const PAGES = ['chat', 'quiz', 'ticker', 'map', 'lab'];
const THEME = 'godwit.theme'; // theme.js reads it
const THEMES = ['auto', 'light', 'dark'];
const PATIENCE_MS = 700; // a loss that is mended sooner is not worth a line across the page

const WORDS = {
  en: {
    skip: 'Skip to the page', nav: 'Pages', chat: 'Chat', quiz: 'Quiz', ticker: 'Ticker', map: 'Map', lab: 'Lab',
    theme: 'Colours', auto: 'as the system', light: 'light', dark: 'dark',
    connecting: 'Connecting', online: 'Connected', lost: 'Disconnected', offline: 'Offline', closed: 'Closed', retry: 'Try now',
    websocket: 'WebSocket', sse: 'SSE', longpoll: 'long polling',
    lostLong: 'The connection is lost.', again: (s) => `Trying again in ${s} s.`, now: 'Trying again now.',
    kept: 'What you do now goes out when it is back.',
    offlineLong: 'This device is offline. The page goes on by itself when it is back.',
    closedLong: (why) => `The server ended this connection${why}. Load the page again to come back.`,
  },
  ko: {
    skip: '본문으로 건너뛰기', nav: '페이지', chat: '채팅', quiz: '퀴즈', ticker: '시세', map: '지도', lab: '실험실',
    theme: '색상', auto: '시스템 설정', light: '밝게', dark: '어둡게',
    connecting: '연결 중', online: '연결됨', lost: '연결 끊김', offline: '오프라인', closed: '종료됨', retry: '지금 다시 시도',
    websocket: 'WebSocket', sse: 'SSE', longpoll: '롱 폴링',
    lostLong: '연결이 끊어졌습니다.', again: (s) => `${s}초 뒤에 다시 연결합니다.`, now: '지금 다시 연결하는 중입니다.',
    kept: '그동안 하신 일은 여기에 보관했다가 연결되면 보냅니다.',
    offlineLong: '기기가 오프라인입니다. 다시 온라인이 되면 자동으로 이어집니다.',
    closedLong: (why) => `서버가 이 연결을 종료했습니다${why}. 페이지를 새로 고치면 다시 연결됩니다.`,
  },
};

/**
 * Fills the page's `<header id="bar">` and puts the line about the connection under it.
 *
 * @param {object} options  `here`: this page, one of those above, or '' at the entrance; `lang`: en or ko; `keeps`: false where
 *   nothing that is done while disconnected waits
 * @returns {{watch(client): () => void, speak(lang: string): void}}  `watch`: whose connection is shown from now on (it gives a
 *   function that ends that); `speak`: in another language
 */
export function openShell({ here = '', lang = 'en', keeps = true } = {}) {
  const bar = document.getElementById('bar');
  const skip = element('a', { className: 'skip', href: '#main' });
  const nav = element('nav');
  const links = PAGES.map((name) => element('a', { href: `/${name}/`, aria: name === here ? { current: 'page' } : {} }));
  const list = element('ul', {}, ...links.map((link) => element('li', {}, link)));
  nav.append(list);
  const pill = element('span', { id: 'state-text', aria: { role: 'status' } });
  const how = element('span', { id: 'state-how' });
  const state = element('div', { className: 'state', hidden: true }, element('span', { className: 'state-dot', aria: { hidden: 'true' } }), pill, how);
  const theme = element('button', { type: 'button', className: 'quiet theme' });
  const brand = element('a', { className: 'brand', href: '/' }, element('img', { src: '/icon.svg', alt: '', className: 'brand-mark' }), element('span', { className: 'brand-name' }, 'Godwit'));
  if (!here) brand.setAttribute('aria-current', 'page');
  bar.append(skip, brand, nav, state, theme);

  const said = element('span', { aria: { role: 'status' } });
  const wait = element('span', { aria: { hidden: 'true' } }); // counts down: not to be read out each second
  const retry = element('button', { type: 'button', className: 'quiet', id: 'retry' });
  const line = element('div', { className: 'lost', hidden: true }, said, ' ', wait, ' ', retry);
  bar.after(line);
  // The client looks at once when it hears that the network is back; whoever presses the button says so.
  retry.addEventListener('click', () => dispatchEvent(new Event('online')));

  let words = WORDS[lang], shown = null, clock = 0, patience = 0;

  function paintTheme() {
    const now = document.documentElement.dataset.theme ?? 'auto';
    theme.dataset.is = now;
    theme.setAttribute('aria-label', `${words.theme}: ${words[now]}`);
    theme.title = `${words.theme}: ${words[now]}`;
    theme.textContent = { auto: '◐', light: '☀\ufe0e', dark: '☾' }[now]; // a sign, not a picture of its own colours
  }
  theme.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % THEMES.length];
    if (next === 'auto') {
      delete document.documentElement.dataset.theme;
      ofBrowser.drop(THEME);
    } else {
      document.documentElement.dataset.theme = next;
      ofBrowser.keepText(THEME, next);
    }
    paintTheme();
  });

  function paintWords() {
    skip.textContent = words.skip;
    nav.setAttribute('aria-label', words.nav);
    links.forEach((link, i) => { link.textContent = words[PAGES[i]]; });
    retry.textContent = words.retry;
    paintTheme();
    if (shown) paintState();
  }

  const isDown = () => shown.state === 'offline' || (shown.state === 'connecting' && shown.wasUp) || shown.state === 'closed';

  function paintState() {
    const { state: is, transport, wasUp } = shown;
    const name = is === 'connecting' && wasUp ? 'lost' : is;
    state.hidden = false;
    document.documentElement.dataset.connection = name;
    setText(pill, words[name]);
    setText(how, is === 'online' && transport ? words[transport] : '');
    if (!isDown()) hideLine();
    else if (line.hidden) patience ||= setTimeout(showLine, PATIENCE_MS); // from the loss on, not from the last try to come back
    else showLine();
  }

  function hideLine() {
    clearTimeout(patience);
    patience = 0;
    line.hidden = true;
  }

  function showLine() {
    patience = 0;
    const { state: is, code, reason } = shown;
    line.hidden = false;
    line.dataset.is = is;
    retry.hidden = is === 'closed';
    const why = code ? ` (${[code, reason].filter(Boolean).join(' ')})` : '';
    if (is === 'closed') setText(said, words.closedLong(why));
    else if (is === 'offline') setText(said, words.offlineLong);
    else setText(said, keeps ? `${words.lostLong} ${words.kept}` : words.lostLong);
    clearInterval(clock);
    count();
    if (is === 'connecting') clock = setInterval(count, 250);
  }

  function count() {
    const left = shown.until - Date.now();
    setText(wait, shown.state !== 'connecting' ? '' : left > 0 ? words.again(Math.ceil(left / 1000)) : words.now);
  }

  paintWords();
  return {
    watch(client) {
      shown = { state: client.state, transport: client.transport, wasUp: client.state === 'online', until: 0 };
      paintState();
      return client.on('state', ({ state: is, transport, retry: ms, code, reason }) => {
        shown = { state: is, transport, code, reason, wasUp: shown.wasUp || is === 'online', until: ms ? Date.now() + ms : 0 };
        if (is === 'online') clearInterval(clock);
        paintState();
      });
    },
    speak(next) {
      words = WORDS[next];
      document.documentElement.lang = next;
      paintWords();
    },
  };
}
