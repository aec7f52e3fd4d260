// SPDX-License-Identifier: MIT
// The quiz in real windows: a host and players, from the code to the results, and what befalls them on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, PHONE, accessible, browserTests, connection, fits, shot } from '../support/browser.js';
import { eventually } from '../support/talk.js';

const { serve, wireTo, open } = browserTests();

const QUESTIONS = [
  { text: 'Two and two?', options: ['Three', 'Four', 'Five'], right: 1, limit: 0 },
  { text: 'Is water wet?', options: ['Yes', 'No'], right: 0, limit: 60 },
];

// ---- what the tests speak in ----------------------------------------------------------------------

/** A window that has opened a new quiz. */
async function host(url, { questions = QUESTIONS, hasClock, ...options } = {}) {
  const page = await open(`${url}/quiz/`, {
    viewport: DESKTOP,
    prepare: (made) => made.addInitScript((list) => location.protocol === 'http:' && (localStorage.getItem('godwit.quiz.questions') ?? localStorage.setItem('godwit.quiz.questions', list)), JSON.stringify(questions)),
    ...options,
  });
  if (hasClock) await page.clock.install();
  await page.getByRole('button', { name: 'New quiz' }).click();
  await connection(page, 'Connected');
  page.code = new URL(page.url()).searchParams.get('host');
  page.link = `${new URL(page.url()).origin}/quiz/?join=${page.code}`;
  return page;
}

/** A window that has joined it; on a phone. */
async function join(link, name, options) {
  const page = await open(link, { viewport: PHONE, name, ...options });
  await page.getByRole('button', { name: 'Join' }).click();
  await connection(page, 'Connected');
  return page;
}

const go = (page, words) => page.locator('#go:enabled', { hasText: words }).click();
const put = async (page) => {
  await go(page, /Ask the first question|Next question/);
  await page.locator('#host[data-phase=open]').waitFor();
};
const close = async (page) => {
  await go(page, 'Close the question');
  await page.locator('#host[data-phase=closed]').waitFor();
};
const tally = (page, words) => page.locator('#tally', { hasText: words }).waitFor();
const counts = (page) => page.locator('#bars .bar-count').allTextContents();
const here = (page, n) => page.locator('#people-count', { hasText: new RegExp(`^${n}$`) }).waitFor();
const alive = (page) => page.locator('#submit:enabled').waitFor();
const isIn = (page) => page.getByRole('heading', { name: 'You are in.' }).waitFor();
const said = (page, words) => page.locator('#play-said', { hasText: words }).waitFor();
const verdict = (page, words) => page.locator('#verdict', { hasText: words }).waitFor();
const away = (page) => page.locator('#away', { hasText: 'The host is away' }).waitFor();
const back = (page) => page.locator('#away').waitFor({ state: 'hidden' });

async function send(page, option) {
  await alive(page);
  await page.locator('#options').getByText(option, { exact: true }).click();
  await page.getByRole('button', { name: 'Send answer' }).click();
}
async function answer(page, option) {
  await send(page, option);
  await said(page, 'Your answer is in');
}

const channel = (server, name) => `${server.url}/channels/${name}`;
const kept = async (server, name) => (await (await fetch(channel(server, name))).json()).publications;
const states = async (server, code) => (await kept(server, `quiz:${code}`)).filter(({ event }) => event === 'state').map(({ text }) => JSON.parse(text));

async function post(server, name, body, { event, user, type = 'application/json' } = {}) {
  const query = new URLSearchParams({ ...event && { event }, ...user && { user } });
  const made = await fetch(`${channel(server, name)}?${query}`, { method: 'POST', headers: { 'content-type': type }, body });
  assert.equal(made.status, 201, await made.text());
}

/** What this window sends from now on: requests, and frames of its WebSockets. Made before it is loaded. */
function listenIn(log) {
  return (page) => {
    page.on('request', (request) => log.push(request.url()));
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => log.push(payload)));
  };
}

// ---- the quiz -------------------------------------------------------------------------------------

test('from the code to the results, with three players', async () => {
  const server = await serve();
  const lead = await host(server.url);
  assert.equal(await lead.locator('#host-link').getAttribute('href'), lead.link);
  assert.match(await lead.locator('#host-code').textContent(), new RegExp(lead.code));
  const [ann, bo, cy] = await Promise.all(['Ann', 'Bo', 'Cy'].map((name) => join(lead.link, name)));
  for (const page of [ann, bo, cy]) await isIn(page);
  await here(lead, 3);
  assert.deepEqual(await lead.locator('.person-name').allTextContents(), ['Ann', 'Bo', 'Cy']);

  await put(lead);
  await answer(ann, 'Four');
  await tally(lead, '1 of 3 answered');
  assert.deepEqual(await counts(lead), ['0', '1', '0']);
  await answer(bo, 'Three');
  await tally(lead, '2 of 3 answered');
  assert.deepEqual(await counts(lead), ['1', '1', '0']);
  assert.equal(await lead.locator('.bar.right').count(), 0, 'nothing on the projector tells the right one yet');
  assert.equal(await bo.locator('.bar').count(), 0, 'nor do players see how many chose what');
  const known = await states(server, lead.code);
  assert.ok(known.some(({ phase }) => phase === 'open'));
  for (const each of known) assert.ok(!('right' in each || 'counts' in each || 'players' in each), 'whoever looks into the channel knows no more');
  await close(lead);
  await verdict(ann, 'Right: +');
  await verdict(bo, 'Not right');
  await verdict(cy, 'You did not answer');
  assert.deepEqual(await bo.locator('.bar-count').allTextContents(), ['1', '1', '0']);
  assert.equal(await bo.locator('.bar.right .bar-text').textContent(), 'Four');
  assert.match(await bo.locator('.bar').first().textContent(), /yours/);

  await put(lead);
  for (const page of [ann, bo, cy]) await answer(page, 'Yes');
  await close(lead);
  await go(lead, 'Show the results');
  await ann.getByRole('heading', { name: 'You are number 1 of 3.' }).waitFor();
  assert.equal(await ann.locator('.rank.own .rank-name').textContent(), 'Ann');
  assert.deepEqual(await lead.locator('.rank .gain').allTextContents(), ['2 right', '1 right', '1 right']);
  const points = (await lead.locator('.rank .points').allTextContents()).map((text) => Number(text.replace(',', '')));
  assert.deepEqual(points, [...points].sort((a, b) => b - a));
  assert.ok(points[0] > 1000 && points[1] <= 1000 && points[2] > 900);

  await lead.getByRole('button', { name: 'Play again' }).click();
  await isIn(ann);
  assert.equal(await ann.locator('#play-points').textContent(), '', 'points begin anew');
  await put(lead);
  await answer(cy, 'Four');
  await tally(lead, '1 of 3 answered');
});

test('the button comes alive without a request of the player', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const sent = [];
  const looked = (page) => page.waitForResponse(/presence/).then((response) => response.finished());
  const ann = await open(lead.link, { name: 'Ann', prepare: listenIn(sent) });
  await Promise.all([looked(ann), ann.getByRole('button', { name: 'Join' }).click()]);
  await isIn(ann);
  await here(lead, 1);
  assert.ok(sent.some((each) => /sub quiz/.test(each)), `the log hears frames: ${sent}`);
  assert.ok(await ann.getByRole('button', { name: 'Send answer' }).isDisabled());
  const before = sent.length;
  await put(lead);
  await alive(ann);
  assert.equal(await ann.locator('#play-asked').textContent(), 'Two and two?');
  assert.deepEqual(sent.slice(before), []);
  assert.match(await ann.title(), /^● Question 1/, 'seen in the tab of a window that is not');
  await answer(ann, 'Four');
  assert.equal(sent.slice(before).length, 1, 'the answer is the first thing that it sends');
  assert.match(sent.at(-1), /^pub quiz-answers%3A[\s\S]*"choice":1/);
});

test('questions are written, moved, removed, and kept in this browser', async () => {
  const server = await serve();
  const lead = await open(`${server.url}/quiz/`, { viewport: DESKTOP });
  await lead.getByRole('button', { name: 'New quiz' }).click();
  await connection(lead, 'Connected');
  assert.ok(await lead.locator('.question').count() >= 5, 'there are samples to begin with');
  while (await lead.locator('.question').count()) {
    const first = lead.locator('.question').first();
    if (!(await first.evaluate((node) => node.open))) await first.locator('summary').click();
    await first.getByRole('button', { name: 'Remove question 1' }).click();
  }
  await go(lead, 'Ask the first question');
  await lead.locator('#host-error', { hasText: 'There is no question yet.' }).waitFor();
  await lead.getByRole('button', { name: 'Add a question' }).click();
  const one = lead.locator('.question').first();
  await one.getByLabel('Question', { exact: true }).fill('<b>Bold?</b>');
  await one.getByLabel('Answer 1', { exact: true }).fill('<i>Yes</i>');
  await go(lead, 'Ask the first question');
  await lead.locator('#host-error', { hasText: 'Question 1 cannot be asked: answer 2 is empty.' }).waitFor();
  await one.getByLabel('Answer 2', { exact: true }).fill('No');
  for (let i = 3; i <= 6; i += 1) {
    await one.getByRole('button', { name: 'Add an answer' }).click();
    await one.getByLabel(`Answer ${i}`, { exact: true }).fill(`Other ${i}`);
  }
  assert.ok(await one.getByRole('button', { name: 'Add an answer' }).isDisabled());
  await one.getByRole('button', { name: 'Remove answer 5' }).click();
  await one.getByLabel('Answer 2 is right').check();
  await one.getByLabel('Time').selectOption({ label: 'No limit' });
  await lead.getByRole('button', { name: 'Add a question' }).click();
  await lead.locator('.question').nth(1).getByLabel('Question', { exact: true }).fill('Second');
  await lead.getByRole('button', { name: 'Move question 2 up' }).click();
  assert.deepEqual(await lead.locator('.question-title').allTextContents(), ['Second', '<b>Bold?</b>']);
  await lead.locator('.question').first().getByRole('button', { name: 'Remove question 1' }).click();
  await accessible(lead);
  await lead.reload();
  assert.deepEqual(await lead.locator('.question-title').allTextContents(), ['<b>Bold?</b>']);
  await connection(lead, 'Connected'); // who leaves while connecting has Chromium write a warning
  await lead.goto(`${server.url}/quiz/`);
  await lead.getByRole('button', { name: 'New quiz' }).click();
  await connection(lead, 'Connected');
  await put(lead);
  assert.equal(await lead.locator('#host-asked').textContent(), '<b>Bold?</b>');
  assert.deepEqual(await lead.locator('.bar-text').allTextContents(), ['<i>Yes</i>', 'No', 'Other 3', 'Other 4', 'Other 6']);
  await close(lead);
  assert.equal(await lead.locator('.bar.right .bar-text').textContent(), 'No');
});

test('who comes late or loads the page again has the present state; a host who is away is told of, and is host again', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const ann = await join(lead.link, 'Ann'), bo = await join(lead.link, 'Bo');
  await here(lead, 2);
  await put(lead);
  await answer(ann, 'Four');
  await tally(lead, '1 of 2 answered');
  await ann.reload();
  await said(ann, 'Your answer is in');
  assert.ok(await ann.getByRole('radio', { name: 'Four' }).isChecked());
  assert.ok(await ann.locator('#submit').isDisabled());

  const url = lead.url();
  await lead.goto('about:blank'); // the host is gone while answers come
  await bo.reload();
  await answer(bo, 'Four');
  const late = await join(lead.link, 'Late');
  await answer(late, 'Five');
  await Promise.all([away(ann), away(late)]);
  await accessible(ann);
  await shot(ann, 'quiz-phone-away');
  await lead.goto(url);
  await Promise.all([back(ann), back(late)]);
  await tally(lead, '3 of 3 answered');
  assert.deepEqual(await counts(lead), ['0', '2', '1']);
  await close(lead);
  await verdict(ann, 'Right');
  await verdict(bo, 'Right');
  await verdict(late, 'Not right');
  await ann.reload();
  await verdict(ann, 'Right');
  await lead.reload();
  await lead.locator('#host[data-phase=closed]').waitFor();
  await put(lead);
  await alive(late);
  assert.equal(await lead.locator('#host-step').textContent(), 'Question 2 of 2');
});

test('an answer given offline counts if it arrives before the closing, and is told off after it', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const [ann, bo, cy] = await Promise.all(['Ann', 'Bo', 'Cy'].map((name) => join(lead.link, name, { outage: true })));
  await here(lead, 3);
  await cy.context().setOffline(true);
  await put(lead);
  await Promise.all([alive(ann), alive(bo)]);
  for (const page of [ann, bo]) {
    await page.context().setOffline(true);
    await send(page, 'Four');
  }
  await Promise.all([ann, bo, cy].map((page) => connection(page, 'Offline')));
  await Promise.all([said(ann, 'waits here'), said(bo, 'waits here'), isIn(cy)]);
  await shot(ann, 'quiz-phone-offline');
  await ann.context().setOffline(false);
  await said(ann, 'Your answer is in');
  await tally(lead, '1 of 3 answered');
  await cy.context().setOffline(false); // it was put meanwhile
  await answer(cy, 'Three');
  await tally(lead, '2 of 3 answered');
  await close(lead);
  await bo.context().setOffline(false);
  await verdict(bo, 'Too late');
  await verdict(ann, 'Right');
  await verdict(cy, 'Not right');
  assert.deepEqual(await counts(lead), ['1', '1', '0']);
  await shot(bo, 'quiz-phone-late');
  await accessible(bo);
});

test('the quiz goes on when the server was killed and started again in the middle of a question', async () => {
  const server = await serve();
  const lead = await host(server.url, { outage: true });
  const ann = await join(lead.link, 'Ann', { outage: true }), bo = await join(lead.link, 'Bo', { outage: true });
  await here(lead, 2);
  await put(lead);
  await answer(ann, 'Four');
  await tally(lead, '1 of 2 answered');
  await server.kill();
  for (const page of [lead, ann, bo]) await connection(page, 'Disconnected');
  await shot(lead, 'quiz-host-disconnected');
  await send(bo, 'Five');
  await said(bo, 'waits here');
  await serve(['--listen', `127.0.0.1:${server.port}`]);
  for (const page of [lead, ann, bo]) await connection(page, 'Connected');
  await tally(lead, '2 of 2 answered');
  assert.deepEqual(await counts(lead), ['0', '1', '1'], 'what was answered before is not lost');
  await close(lead);
  await verdict(ann, 'Right');
  await verdict(bo, 'Not right');
  await put(lead);
  await answer(bo, 'Yes');
  await back(ann);
});

test('with WebSockets blocked players go on over SSE, and over long polling', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const sse = await wireTo(server), polls = await wireTo(server);
  sse.rules.websocket = 'refuse';
  Object.assign(polls.rules, { websocket: 'refuse', sse: 'end' });
  const player = async (wire, name, how) => {
    const page = await join(`${wire.url}/quiz/?join=${lead.code}`, name, { outage: true });
    await Promise.all([isIn(page), page.locator('#state-how', { hasText: how }).waitFor()]);
    return page;
  };
  const [ann, bo] = await Promise.all([player(sse, 'Ann', 'SSE'), player(polls, 'Bo', 'long polling')]);
  await here(lead, 2);
  await put(lead);
  await answer(ann, 'Four');
  await answer(bo, 'Three');
  await tally(lead, '2 of 2 answered');
  await close(lead);
  await verdict(ann, 'Right');
  await verdict(bo, 'Not right');
});

test('two hundred answers with garbage among them: each player counts once', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const ann = await join(lead.link, 'Ann');
  await here(lead, 1);
  await put(lead);
  await alive(ann);
  const { round } = (await states(server, lead.code)).at(-1);
  const to = `quiz-answers:${lead.code}`;
  const garbage = [
    ['<script>', {}], ['{', {}], ['null', { event: 'answer', user: 'Eve' }], ['[]', { event: 'answer', user: 'Eve' }],
    [JSON.stringify({ round, choice: 9 }), { event: 'answer', user: 'Eve' }], [JSON.stringify({ round, choice: '1' }), { event: 'answer', user: 'Eve' }],
    [JSON.stringify({ round: 'other', choice: 1 }), { event: 'answer', user: 'Eve' }], [JSON.stringify({ round, choice: 1 }), { event: 'answer' }],
    [JSON.stringify({ round, choice: 1 }), { event: 'answer', user: '<img src=x>' }], [JSON.stringify({ round, choice: 1 }), { event: 'state', user: 'Eve' }],
    [Buffer.from([0, 255, 1]), { event: 'answer', user: 'Eve', type: 'application/octet-stream' }],
  ];
  const jobs = Array.from({ length: 200 }, (_, i) => [JSON.stringify({ round, choice: i % 4 === 0 ? 0 : 1, ms: i }), { event: 'answer', user: `Bot ${i}` }]);
  jobs.push(...jobs.slice(0, 20).map(([, how]) => [JSON.stringify({ round, choice: 2 }), how])); // second answers
  for (let i = 0; i < garbage.length; i += 1) jobs.splice(i * 17, 0, garbage[i]);
  for (let i = 0; i < jobs.length; i += 20) await Promise.all(jobs.slice(i, i + 20).map(([body, how]) => post(server, to, body, how)));
  await post(server, `quiz:${lead.code}`, '{"phase":"end","players":[]}', { event: 'state', user: 'Eve' });
  await post(server, `quiz:${lead.code}`, 'garbage', { type: 'text/plain' });
  await answer(ann, 'Four');
  await tally(lead, '201 of 201 answered');
  assert.deepEqual((await counts(lead)).map(Number).reduce((a, b) => a + b), 201);
  assert.equal(await ann.locator('#play-asked').textContent(), 'Two and two?');
  await close(lead);
  await verdict(ann, 'Right');
  await verdict(ann, 'of 201.');
  await put(lead);
  await close(lead);
  await go(lead, 'Show the results');
  await lead.locator('.rank.more', { hasText: 'and 101 more' }).waitFor();
  assert.equal(await ann.locator('.rank').count(), 100 + Number(await ann.locator('.rank.own .place').textContent() > 100) + 1);
  await shot(lead, 'quiz-host-results');
  await shot(ann, 'quiz-phone-results');
});

test('a state that garbage has pushed out of the channel is said again', async () => {
  const server = await serve();
  const lead = await host(server.url);
  await here(lead, 0);
  for (let i = 0; i < 20; i += 1) await post(server, `quiz:${lead.code}`, `${i}`, { type: 'text/plain' });
  const ann = await join(lead.link, 'Ann');
  await isIn(ann);
});

test('the time is the same for all, and a question closes when it is over', async () => {
  const server = await serve();
  const lead = await host(server.url, { questions: [{ ...QUESTIONS[0], limit: 60 }], hasClock: true });
  const { link } = lead;
  const ann = await join(link, 'Ann'), bo = await join(link, 'Bo');
  await here(lead, 2);
  await put(lead);
  await alive(ann);
  const left = async (page) => parseInt(await page.locator('[id$=-clock]:visible').textContent(), 10);
  assert.ok(await left(ann) > 35);
  await lead.clock.fastForward(30_000); // the host's clock is the one that counts
  for (const page of [ann, bo]) await page.locator('#play-clock', { hasText: /^([12]?\d|30) s$/ }).waitFor();
  const late = await join(link, 'Late');
  await alive(late);
  await eventually(async () => { // they are not read at the same moment
    const all = await Promise.all([lead, ann, bo, late].map(left));
    return Math.max(...all) - Math.min(...all) <= 3 && Math.max(...all) <= 30;
  }, 'the same time for all');
  await answer(ann, 'Four');
  await lead.clock.fastForward(31_000);
  await verdict(ann, 'Right');
  await verdict(bo, 'You did not answer');
  assert.equal(await lead.locator('#host-step').textContent(), 'Question 1 of 1: closed');
});

test('when the time is over a player cannot answer any more', async () => {
  const server = await serve();
  const lead = await host(server.url, { questions: [QUESTIONS[1]] });
  const ann = await open(lead.link, { name: 'Ann', prepare: (page) => page.clock.install() });
  await ann.getByRole('button', { name: 'Join' }).click();
  await isIn(ann);
  await put(lead);
  await alive(ann);
  await ann.clock.fastForward(61_000);
  await said(ann, 'Time is up.');
  assert.ok(await ann.locator('#submit').isDisabled());
  assert.equal(await ann.getByRole('radio', { disabled: true }).count(), 2);
});

test('a keyboard is enough, and a screen reader hears what happens', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const ann = await open(lead.link, { name: 'Ann' });
  await ann.getByLabel('Your name').focus();
  await ann.keyboard.press('Enter');
  const spoken = (page, words) => page.locator('#say', { hasText: words }).waitFor({ state: 'attached' });
  await spoken(ann, 'You are in.');
  await here(lead, 1);
  await lead.locator('#go').focus();
  await lead.keyboard.press('Enter');
  await spoken(lead, 'Question 1 of 2: Two and two?');
  await spoken(ann, 'Question 1 of 2: Two and two? 3 answers.');
  await ann.getByRole('button', { name: 'Send answer' }).press('Enter');
  await said(ann, 'Choose an answer first.');
  await ann.keyboard.press('9');
  await ann.keyboard.press('3');
  await ann.keyboard.press('2');
  assert.ok(await ann.getByRole('radio', { name: 'Four' }).isChecked());
  await ann.keyboard.press('Enter');
  await said(ann, 'Your answer is in');
  await spoken(lead, 'All 1 have answered.');
  await lead.locator('#go:focus').waitFor();
  await lead.keyboard.press('Enter');
  await spoken(ann, /Closed. The right answer is 2: Four. Right: \+\d+. You are number 1 of 1./);
  await spoken(lead, 'Closed. Right is 2, Four: 1 answer of 1.');
});

test('a second window of the browser is another player, and waits with hosting', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const ann = await join(lead.link, 'Ann');
  await here(lead, 1);
  const second = await ann.context().newPage();
  await second.goto(lead.link);
  await second.getByLabel('Your name').fill('Ben');
  await second.getByRole('button', { name: 'Join' }).click();
  await here(lead, 2);
  assert.deepEqual(await lead.locator('.person-name').allTextContents(), ['Ann', 'Ben']);
  await second.close();
  const again = await ann.context().newPage(); // whoever closes the window and comes back is who they were
  await again.goto(lead.link);
  await isIn(again);
  assert.match(await again.locator('#play-me').textContent(), /^Ben/);

  await put(lead);
  const other = await lead.context().newPage();
  await other.goto(lead.url());
  await other.getByText('is open in another window').waitFor();
  await lead.close();
  await other.locator('#host[data-phase=open]').waitFor();
  await answer(ann, 'Four');
  await tally(other, '1 of 2 answered');
});

test('without locks the window that came last hosts the quiz', async () => {
  const server = await serve();
  const prepare = (page) => page.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const lead = await host(server.url, { prepare });
  const other = await lead.context().newPage();
  await prepare(other);
  await other.goto(lead.url());
  await lead.getByText('is hosted in another window of this browser now').waitFor();
  await put(other);
  const ann = await join(lead.link, 'Ann');
  await alive(ann);
  await lead.getByRole('link', { name: `Go on with ${lead.code}` }).click();
  await other.getByText('is hosted in another window of this browser now').waitFor();
  await close(lead);
  await verdict(ann, 'You did not answer');
});

test('the link is copied', async () => {
  const server = await serve();
  const lead = await host(server.url, { permissions: ['clipboard-read', 'clipboard-write'] });
  await lead.getByRole('button', { name: 'Copy the link' }).click();
  await lead.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await lead.evaluate(() => navigator.clipboard.readText()), lead.link);
});

test('the longest question fits, on a narrow phone, zoomed, and on a projector', async () => {
  const server = await serve();
  const words = 'Which of these holds in every case, whatever the network does? ';
  const questions = [{ text: words.repeat(5).slice(0, 300), options: Array.from({ length: 6 }, (_, i) => (i ? words.repeat(2) : 'W'.repeat(120)).slice(0, 120)), right: 1, limit: 30 }];
  const lead = await host(server.url, { questions });
  const ann = await join(lead.link, 'W'.repeat(24));
  await here(lead, 1);
  const fitsAll = async () => {
    for (const [page, widths] of [[ann, [195, 320, 390]], [lead, [320, 720, 1920]]])
      for (const width of widths) {
        await page.setViewportSize({ width, height: 1080 });
        await fits(page);
      }
  };
  await lead.locator('.question summary').click();
  await fitsAll();
  await put(lead);
  await alive(ann);
  await fitsAll();
  await shot(lead, 'quiz-host-long');
  assert.ok(await lead.locator('#go').evaluate((node) => node.getBoundingClientRect().bottom <= innerHeight), 'all of it on one screen');
  await close(lead);
  await verdict(ann, 'You did not answer');
  await fitsAll();
});

test('ways in that lead nowhere say so', async () => {
  const server = await serve();
  const page = await open(`${server.url}/quiz/?join=12`);
  await page.getByText('That is no code of a quiz').waitFor();
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByText('The code has five letters.').waitFor();
  await page.goto(`${server.url}/quiz?host=BCDFG`);
  await page.getByText('This browser does not host the quiz BCDFG').waitFor();
  await accessible(page);
  await page.getByLabel('Code', { exact: true }).fill('bc dfg');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: 'Nobody hosts this quiz now.' }).waitFor();
  await accessible(page);
});

test('every face of it, light and dark: nothing that keeps anybody out', async () => {
  const server = await serve();
  const lead = await host(server.url);
  const look = async (page, name) => {
    await fits(page);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await accessible(page);
      await shot(page, `quiz-${name}-${colorScheme}`);
    }
  };
  const ann = await open(lead.link, { viewport: PHONE, name: 'Ann' });
  await look(ann, 'phone-invited');
  await ann.getByRole('button', { name: 'Join' }).click();
  await isIn(ann);
  await here(lead, 1);
  await look(ann, 'phone-in');
  await look(lead, 'host-lobby');
  await put(lead);
  await alive(ann);
  await ann.keyboard.press('2');
  await look(ann, 'phone-chosen');
  await ann.keyboard.press('Enter');
  await tally(lead, '1 of 1 answered');
  await look(ann, 'phone-answered');
  await look(lead, 'host-open');
  await close(lead);
  await verdict(ann, 'Right');
  await look(ann, 'phone-closed');
  await look(lead, 'host-closed');
  await put(lead);
  await close(lead);
  await go(lead, 'Show the results');
  await ann.getByRole('heading', { name: 'You are number 1 of 1.' }).waitFor();
  await look(ann, 'phone-end');
  await look(lead, 'host-end');
});

test('whatever stands in the storage of a player, one is asked for a name', async () => {
  const server = await serve();
  for (const kept of ['{"user":5}', '{"user":{}}', '7']) {
    const page = await open(`${server.url}/quiz/?join=BCDFG`, { prepare: (fresh) => fresh.addInitScript((text) => {
      for (const store of [localStorage, sessionStorage]) store.setItem('godwit.quiz.play.BCDFG', text);
    }, kept) });
    await page.getByRole('button', { name: 'Join' }).waitFor();
  }
});
