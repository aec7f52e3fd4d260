// SPDX-License-Identifier: MIT
// A page that is made up: as much of a document as the pages' painting needs, so that it can be tried in Node on thousands of states.

class Node {
  constructor(tag = '') {
    Object.assign(this, { tag, nodes: [], attributes: {}, dataset: {}, className: '', hidden: false, style: { setProperty() {} }, listeners: {} });
    const names = () => new Set(this.className.split(' ').filter(Boolean));
    const change = (step) => {
      const all = names();
      step(all);
      this.className = [...all].join(' ');
    };
    this.classList = {
      add: (name) => change((all) => all.add(name)),
      remove: (name) => change((all) => all.delete(name)),
      toggle: (name, isOn = !names().has(name)) => change((all) => (isOn ? all.add(name) : all.delete(name))),
      contains: (name) => names().has(name),
    };
    for (const name of ['focus', 'click', 'scrollIntoView', 'animate', 'setPointerCapture', 'requestSubmit', 'hidePopover', 'showPopover']) this[name] = () => {};
    // Drawing: what a canvas's context is asked for, goes nowhere.
    this.getContext = () => new Proxy({}, { get: () => () => {}, set: () => true });
    Object.assign(this, { clientWidth: 300, clientHeight: 200, scrollTop: 0, scrollHeight: 200, offsetTop: 0, value: '' });
  }
  get children() { return this.nodes.filter((each) => each instanceof Node); }
  get childElementCount() { return this.children.length; }
  get firstChild() { return this.nodes[0] ?? null; }
  get lastChild() { return this.nodes.at(-1) ?? null; }
  get firstElementChild() { return this.children[0] ?? null; }
  get lastElementChild() { return this.children.at(-1) ?? null; }
  get nextElementSibling() { return this.parent?.children[this.parent.children.indexOf(this) + 1] ?? null; }
  get textContent() { return this.nodes.map((each) => (each instanceof Node ? each.textContent : String(each.data ?? each))).join(''); }
  set textContent(text) { this.nodes = text === '' ? [] : [String(text)]; }
  get isConnected() { return true; }
  take(nodes) {
    for (const each of nodes) {
      if (!(each instanceof Node)) continue;
      each.remove();
      each.parent = this;
    }
    return nodes;
  }
  append(...nodes) { this.nodes.push(...this.take(nodes)); }
  prepend(...nodes) { this.nodes.unshift(...this.take(nodes)); }
  replaceChildren(...nodes) {
    this.nodes = [];
    this.append(...nodes);
  }
  insertBefore(node, before) {
    this.take([node]);
    this.nodes.splice(before ? this.nodes.indexOf(before) : this.nodes.length, 0, node);
  }
  after(...nodes) { this.followers = nodes; }
  remove() {
    if (this.parent) this.parent.nodes = this.parent.nodes.filter((each) => each !== this);
    this.parent = undefined;
  }
  contains(node) { return node === this || this.children.some((each) => each.contains(node)); }
  matches(selector) {
    const [, tag, name] = /^([a-z]*)(?:\.([\w-]+))?/.exec(selector);
    return (!tag || tag === this.tag) && (!name || this.classList.contains(name)) && Boolean(tag || name);
  }
  querySelectorAll(selector) {
    return this.children.flatMap((each) => [...each.matches(selector) ? [each] : [], ...each.querySelectorAll(selector)]);
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  getAttribute(name) { return this.attributes[name] ?? null; }
  removeAttribute(name) { delete this.attributes[name]; }
  addEventListener(name, hear) { (this.listeners[name] ??= []).push(hear); }
  getBoundingClientRect() { return { left: 0, top: 0, width: 300, height: 200 }; }
}

/** Puts a page in the place of the globals that a page has, until the test is over. Gives `byId(id)`. */
export function makePage(t) {
  const ids = {};
  const byId = (id) => (ids[id] ??= new Node('div'));
  const root = new Node('html');
  const frames = [];
  const made = {
    document: {
      getElementById: byId, createElement: (tag) => new Node(tag), createElementNS: (_, tag) => new Node(tag), documentElement: root, body: root,
      activeElement: root, addEventListener() {}, querySelector: () => null, querySelectorAll: () => [], title: '',
    },
    location: new URL('http://localhost:8000/'),
    matchMedia: () => ({ matches: false, addEventListener() {} }),
    requestAnimationFrame: (step) => frames.push(step),
    ResizeObserver: class { observe() {} },
    MutationObserver: class { observe() {} },
    Text: class { data = ''; },
    getComputedStyle: () => ({ getPropertyValue: () => 'black' }),
    devicePixelRatio: 1,
    addEventListener() {},
    setInterval: () => 0,
  };
  for (const [name, value] of Object.entries(made)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
  return { byId, frame: () => frames.splice(0).forEach((step) => step(performance.now())) };
}
