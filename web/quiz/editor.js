// SPDX-License-Identifier: MIT
// Where the host writes the questions: each folds away to its text. What is typed is kept at once.

import { byId, element } from '../design/dom.js';
import { LIMITS, MAX_OPTION, MAX_OPTIONS, MAX_QUESTIONS, MAX_TEXT, emptyQuestion } from './format.js';
import { keepQuestions } from './memory.js';
import { SAMPLES } from './samples.js';

const MIN_OPTIONS = 2;
const timeWords = (s) => (s === 0 ? 'No limit' : s < 120 ? `${s} seconds` : `${s / 60} minutes`);

/** Edits `quiz.questions` in their place; `changed` hears of every change. Gives `show(i)`, which unfolds a question. */
export function openEditor(quiz, changed) {
  const list = byId('questions'), add = byId('add-question');
  let names = 0; // radio buttons belong together by name

  function kept() {
    keepQuestions(quiz.questions);
    changed();
  }

  const button = (text, label, onclick, disabled = false) => element('button', { type: 'button', className: 'quiet', onclick, disabled, aria: { label } }, text);

  function optionRow(question, i, group, redo) {
    const right = element('input', { type: 'radio', name: group, checked: question.right === i, aria: { label: `Answer ${i + 1} is right` } });
    const text = element('input', { type: 'text', value: question.options[i], maxLength: MAX_OPTION, placeholder: `Answer ${i + 1}`, aria: { label: `Answer ${i + 1}` } });
    right.addEventListener('change', () => {
      question.right = i;
      kept();
    });
    text.addEventListener('input', () => {
      question.options[i] = text.value;
      kept();
    });
    const remove = button('×', `Remove answer ${i + 1}`, () => {
      question.options.splice(i, 1);
      if (question.right >= i && question.right > 0) question.right -= 1;
      redo();
    }, question.options.length <= MIN_OPTIONS);
    return element('li', { className: 'option-row field' }, right, text, remove);
  }

  function questionItem(question, at) {
    const group = `right-${names++}`;
    const title = element('span', { className: 'question-title' }, question.text || 'New question');
    const text = element('textarea', { value: question.text, maxLength: MAX_TEXT, rows: 2 });
    text.addEventListener('input', () => {
      question.text = text.value;
      title.textContent = text.value || 'New question';
      kept();
    });
    const limit = element('select', {}, ...LIMITS.map((s) => element('option', { value: String(s), selected: s === question.limit }, timeWords(s))));
    limit.addEventListener('change', () => {
      question.limit = Number(limit.value);
      kept();
    });
    const options = element('ol', { className: 'option-rows' });
    const more = button('Add an answer', `Add an answer to question ${at + 1}`, () => {
      question.options.push('');
      fill();
      kept();
      options.lastElementChild.querySelector('[type=text]').focus();
    });
    function fill() {
      options.replaceChildren(...question.options.map((_, i) => optionRow(question, i, group, () => {
        fill();
        kept();
        more.focus();
      })));
      more.disabled = question.options.length >= MAX_OPTIONS;
    }
    fill();
    return element('li', {}, element('details', { className: 'question' },
      element('summary', {}, element('span', { className: 'number' }, `${at + 1}.`), ' ', title),
      element('div', { className: 'stack' },
        element('label', { className: 'field' }, 'Question', text),
        element('fieldset', { className: 'answers' }, element('legend', { className: 'hint' }, 'Answers: mark the right one'), options, more),
        element('div', { className: 'row' },
          element('label', { className: 'field' }, 'Time', limit),
          element('span', { className: 'row push' },
            button('↑', `Move question ${at + 1} up`, () => move(at, -1), at === 0),
            button('↓', `Move question ${at + 1} down`, () => move(at, 1), at === quiz.questions.length - 1),
            button('Remove', `Remove question ${at + 1}`, () => remove(at)))))));
  }

  function move(at, by) {
    const [question] = quiz.questions.splice(at, 1);
    quiz.questions.splice(at + by, 0, question);
    redo();
    show(at + by);
  }

  function remove(at) {
    quiz.questions.splice(at, 1);
    redo();
    (list.children[Math.min(at, quiz.questions.length - 1)]?.querySelector('summary') ?? add).focus();
  }

  function redo() {
    paint();
    kept();
  }

  function paint() {
    list.replaceChildren(...quiz.questions.map(questionItem));
    add.disabled = quiz.questions.length >= MAX_QUESTIONS;
  }

  function show(at) {
    const details = list.children[at].querySelector('details');
    details.open = true;
    details.querySelector('textarea').focus();
  }

  add.addEventListener('click', () => {
    quiz.questions.push(emptyQuestion());
    redo();
    show(quiz.questions.length - 1);
  });
  byId('use-samples').addEventListener('click', () => {
    const more = SAMPLES.filter(({ text }) => !quiz.questions.some((each) => each.text === text));
    quiz.questions.push(...structuredClone(more).slice(0, MAX_QUESTIONS - quiz.questions.length));
    redo();
  });
  paint();
  return { show };
}
