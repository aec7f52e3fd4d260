// SPDX-License-Identifier: MIT
// A field for messages: as high as what stands in it, and Enter sends its form. Shift and Enter make a line, and the Enter that
// ends an input method's word does neither.

/** Gives what is to be called after the text was changed by script. */
export function bindMessage(field) {
  function fit() {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  }
  field.addEventListener('input', fit);
  addEventListener('resize', fit); // a phone that is turned has other lines
  field.addEventListener('keydown', (event) => {
    // 229: Safari ends the word before it tells of the key
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
  return fit;
}
