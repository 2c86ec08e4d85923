import type { Attachment } from 'svelte/attachments';

/** Milliseconds that the pointer rests before the words show. */
const rest = 400;
const gap = 8;

let bubble: HTMLElement | undefined;

function show(text: string, anchor: Element): void {
  if (bubble === undefined) {
    bubble = document.createElement('div');
    bubble.className = 'tooltip';
    bubble.popover = 'manual';
    bubble.setAttribute('role', 'presentation');
  }
  // Inside an open dialog, since what lies outside of it is inert.
  (anchor.closest('dialog') ?? document.body).append(bubble);
  bubble.textContent = text;
  bubble.showPopover();
  const at = anchor.getBoundingClientRect();
  const own = bubble.getBoundingClientRect();
  const left = Math.min(Math.max(gap, at.left + at.width / 2 - own.width / 2), innerWidth - own.width - gap);
  const below = at.bottom + gap;
  const top = below + own.height > innerHeight ? at.top - own.height - gap : below;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${top}px`;
}

function hide(): void {
  if (bubble?.isConnected === true) bubble.hidePopover();
}

/**
 * Words that show when the pointer rests on an element, or it has the keyboard's focus. They repeat or add to what the
 * element says to assistive technology by itself; nothing may be told by a tooltip alone.
 */
export function tooltip(text: string): Attachment {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        show(text, element);
      }, rest);
    };
    const end = (): void => {
      clearTimeout(timer);
      hide();
    };
    const focused = (): void => {
      if (element.matches(':focus-visible')) later();
    };
    const off = new AbortController();
    const { signal } = off;
    element.addEventListener('pointerenter', later, { signal });
    element.addEventListener('pointerleave', end, { signal });
    element.addEventListener('pointerdown', end, { signal });
    element.addEventListener('focus', focused, { signal });
    element.addEventListener('blur', end, { signal });
    return () => {
      off.abort();
      end();
    };
  };
}
