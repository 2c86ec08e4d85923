import type { Page } from 'playwright';

/** Waits until nothing has changed on the page for a while. */
export function settled(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise((done) => {
        const quiet = (): void => {
          observer.disconnect();
          requestAnimationFrame(() => done());
        };
        let timer = setTimeout(quiet, 150);
        const observer = new MutationObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(quiet, 150);
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
  );
}

/**
 * What is wrong with the page's layout at its present size: controls and headings that lie outside what can be reached by
 * scrolling, that lie over one another, or text that is cut off without a sign. Empty where all is well.
 */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const name = (element: Element): string => {
      const text = (element.getAttribute('aria-label') ?? element.textContent).trim().replaceAll(/\s+/g, ' ');
      return `${element.tagName.toLowerCase()}.${element.classList.item(0) ?? ''} “${text.slice(0, 40)}”`;
    };
    const scrolls = (element: Element): boolean => {
      const { overflowX, overflowY } = getComputedStyle(element);
      return /auto|scroll/.test(overflowX + overflowY);
    };
    const isHidden = (element: Element): boolean => {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return true;
      const { width, height } = element.getBoundingClientRect();
      // Texts for screen readers alone are a pixel large.
      return width <= 1 || height <= 1;
    };

    /** The part of an element that its scrolling and clipping ancestors let be seen. */
    const seen = (element: Element): DOMRect | undefined => {
      let { left, top, right, bottom } = element.getBoundingClientRect();
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflow === 'visible') continue;
        const rect = parent.getBoundingClientRect();
        [left, right] = [Math.max(left, rect.left), Math.min(right, rect.right)];
        [top, bottom] = [Math.max(top, rect.top), Math.min(bottom, rect.bottom)];
      }
      return right - left > 1 && bottom - top > 1 ? new DOMRect(left, top, right - left, bottom - top) : undefined;
    };

    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) faults.push(`the page is ${root.scrollWidth} px wide`);
    if (root.scrollHeight > root.clientHeight) faults.push(`the page is ${root.scrollHeight} px high`);
    // Only tables and images may be wider than the room that they have.
    for (const part of document.querySelectorAll('main, nav, section, form, dialog, header, footer, ul'))
      if (!isHidden(part) && part.scrollWidth > part.clientWidth + 1)
        faults.push(`${name(part)} is ${part.scrollWidth} px wide of ${part.clientWidth}`);

    const open = document.querySelector('dialog[open]') ?? document.body;
    const controls = [
      ...open.querySelectorAll('a, button, input, select, summary, h1, h2, h3, dt, dd, label, kbd'),
    ].filter((element) => !isHidden(element));
    for (const element of controls) {
      const rect = element.getBoundingClientRect();
      let inScroller = false;
      for (let parent = element.parentElement; parent && !inScroller; parent = parent.parentElement)
        inScroller = scrolls(parent);
      if (
        !inScroller &&
        (rect.left < 0 || rect.top < 0 || rect.right > innerWidth + 1 || rect.bottom > innerHeight + 1)
      )
        faults.push(`${name(element)} lies outside the window`);
    }

    const shown = controls.map((element) => ({ element, rect: seen(element) }));
    for (const [at, { element, rect }] of shown.entries()) {
      if (rect === undefined) continue;
      for (const { element: other, rect: otherRect } of shown.slice(at + 1)) {
        if (otherRect === undefined || element.contains(other) || other.contains(element)) continue;
        const across = Math.min(rect.right, otherRect.right) - Math.max(rect.left, otherRect.left);
        const down = Math.min(rect.bottom, otherRect.bottom) - Math.max(rect.top, otherRect.top);
        // What is drawn over others on purpose is the browser's affair: whoever is on top there is hit.
        if (across > 2 && down > 2 && !floats(element) && !floats(other))
          faults.push(`${name(element)} and ${name(other)} lie over one another`);
      }
    }

    /** Drawers, sticky heads and tools over an image lie over what is behind them. */
    function floats(element: Element): boolean {
      for (let one: Element | null = element; one !== null && one !== open; one = one.parentElement)
        if (['fixed', 'sticky', 'absolute'].includes(getComputedStyle(one).position)) return true;
      return false;
    }

    for (const element of open.querySelectorAll('button, a, h1, h2, h3, th, td, dd, dt, p, span, strong, label')) {
      if (isHidden(element) || element.children.length > 0) continue;
      const { overflowX, textOverflow, webkitLineClamp } = getComputedStyle(element);
      const isCut = element.scrollWidth > element.clientWidth + 1 && overflowX !== 'visible' && !scrolls(element);
      if (isCut && textOverflow !== 'ellipsis' && webkitLineClamp === 'none')
        faults.push(`${name(element)} is cut off`);
    }
    return [...new Set(faults)];
  });
}
