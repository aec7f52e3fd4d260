// SPDX-License-Identifier: MIT
// Light or dark, as the visitor chose it here before; runs before anything is painted, so it is no module. Without a choice the
// page follows the system.
try {
  const theme = localStorage.getItem('godwit.theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // a browser may refuse storage
}
