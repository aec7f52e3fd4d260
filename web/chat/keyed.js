// SPDX-License-Identifier: MIT
// Lists that change in place: what stays keeps its node, and with it focus, selection and what a screen reader has read.

/**
 * Makes the children of `parent` those of `items`, in their order. `keyOf(item)` names a child, `make(item)` makes it once,
 * `update(node, item)` brings it up to date.
 */
export function keyed(parent, items, { keyOf = ({ id }) => id, make, update = () => {} }) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : undefined;
  const nodes = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const node = nodes.get(key) ?? make(item);
    nodes.delete(key);
    node.dataset.key = key;
    update(node, item);
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
  for (const node of nodes.values()) node.remove();
  if (focused?.isConnected && focused !== document.activeElement) focused.focus(); // a node that is moved loses it
}
