// SPDX-License-Identifier: MIT
// A log that stays at its end as long as that is in sight; who reads further up is not torn away, and a button leads back.

const NEAR_PX = 40;

/** `log` scrolls; `newer`: the button, shown by whoever adds to the log; `reached`: the visitor has come to the end. */
export function followEnd(log, newer, reached = () => {}) {
  let isFollowing = true;
  let size; // of what is in the log, and of the log, when the end was in sight

  const measure = () => `${log.scrollHeight} ${log.clientHeight}`;
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  /**
   * Whether the end is in sight. A scroll is told of only with the next frame, so it is looked at. Where the end was moved away, by
   * other letters or a smaller log, it was not the visitor who left it.
   */
  function look() {
    if (isFollowing && size !== measure()) toEnd();
    isFollowing = isAtEnd();
    if (isFollowing) size = measure();
    return isFollowing;
  }
  function toEnd() {
    isFollowing = true;
    log.scrollTop = log.scrollHeight;
    size = measure();
    newer.hidden = true;
  }

  log.addEventListener('scroll', () => {
    if (!look()) return;
    newer.hidden = true;
    reached();
  });
  newer.addEventListener('click', () => {
    toEnd();
    log.focus();
    reached();
  });
  new ResizeObserver(() => isFollowing && toEnd()).observe(log);

  return { look, toEnd, isFollowing: () => isFollowing };
}
