// SPDX-License-Identifier: MIT
// Lists that change in place: what stays keeps its node, and with it focus, selection and what a screen reader has read.

/**
 * Makes the children of `parent` those of `items`, in their order. `keyOf(item)` names a child, `make(item)` makes it once,
 * `update(node, item)` brings it up to date.
 */
export function keyed(parent, items, { keyOf = ({ id }) => id, make, update = () => {} }) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : undefined;
  const nodes = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const keys = items.map((item) => String(keyOf(item)));
  const kept = new Set(keys);
  // What goes, goes first: else all that stays would be moved past it.
  for (const [key, node] of nodes) if (!kept.has(key)) node.remove();
  let next = parent.firstElementChild;
  items.forEach((item, i) => {
    const node = nodes.get(keys[i]) ?? make(item);
    node.dataset.key = keys[i];
    update(node, item);
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  });
  if (focused?.isConnected && focused !== document.activeElement) focused.focus(); // a node that is moved loses it
}
