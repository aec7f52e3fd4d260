// SPDX-License-Identifier: MIT
// A log that stays at its end as long as that is in sight; who reads further up is not torn away, and a button leads back.

const NEAR_PX = 40;

/** `log` scrolls; `newer`: the button, shown by whoever adds to the log; `reached`: the visitor has come to the end. */
export function followEnd(log, newer, reached = () => {}) {
  let isFollowing = true;

  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  /** Whether the end is in sight. A scroll is told of only with the next frame, so it is looked at. */
  function look() {
    isFollowing = isAtEnd();
    return isFollowing;
  }
  function toEnd() {
    isFollowing = true;
    log.scrollTop = log.scrollHeight;
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
