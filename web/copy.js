// SPDX-License-Identifier: MIT
// The copy buttons: `data-copy` names the element whose text goes to the clipboard.

const SHOWN_MS = 1_600;

export function bindCopyButtons(announce) {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    button.setAttribute('aria-label', `${label}: ${source.textContent}`);
    let timer = 0;
    button.addEventListener('click', async () => {
      const isCopied = await copy(source);
      button.textContent = isCopied ? 'Copied' : 'Selected';
      button.classList.toggle('done', isCopied);
      announce.textContent = isCopied ? 'Copied' : 'Selected: copy it with your keyboard';
      clearTimeout(timer);
      timer = setTimeout(() => {
        button.textContent = label;
        button.classList.remove('done');
        announce.textContent = '';
      }, SHOWN_MS);
    });
  }
}

// Where the page is neither https nor localhost a browser has no clipboard for it: then the old command, and at worst the selection.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}
