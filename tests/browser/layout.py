"""Where does text lie on a page? Nothing beside the window, nothing on top of something else, nothing cut off.

Measured are the boxes of the lines of text themselves, within whatever part of them a scrolling box shows. Windows and
what they may not do are left to `window`.
"""

from __future__ import annotations

from playwright.sync_api import Page

_LINES = """() => {
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node; (node = walker.nextNode());) {
    const text = node.nodeValue.trim();
    const holder = node.parentElement;
    if (!text || !holder.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})) continue;
    range.selectNodeContents(node);
    let [left, top, right, bottom] = [-1e9, -1e9, 1e9, 1e9];
    let cut = false, size = parseFloat(getComputedStyle(holder).fontSize);
    for (let box = holder; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const around = box.getBoundingClientRect();
      [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
      [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
      if (['hidden', 'clip'].includes(style.overflowX)) cut = true;
    }
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1 || box.right < -500) continue;
      const shown = [
        Math.max(box.left, left), Math.max(box.top, top), Math.min(box.right, right), Math.min(box.bottom, bottom)];
      const hidden = shown[2] - shown[0] < box.width - 1 || shown[3] - shown[1] < box.height - 1;
      lines.push({text: text.slice(0, 80), shown, size, cut: cut && hidden});
    }
  }
  return {lines, wide: document.documentElement.scrollWidth, window: innerWidth};
}"""


def faults_of_layout(page: Page) -> list[str]:
    """What does not fit, lies on something else, or is cut off, each as a line that names the text."""
    seen = page.evaluate(_LINES)
    faults = []
    if seen["wide"] > seen["window"]:
        faults.append(f"the page is {seen['wide']} wide in a window of {seen['window']}")
    for line in seen["lines"]:
        if line["cut"]:
            faults.append(f"cut off: {line['text']}")
        if line["shown"][2] - line["shown"][0] > 1 and (line["shown"][0] < -1 or line["shown"][2] > seen["window"] + 1):
            faults.append(f"beside the window: {line['text']}")
    return faults + overlaps(seen["lines"])


def overlaps(lines: list[dict]) -> list[str]:
    """Pairs of lines of text that lie on each other, by more than their line boxes always do."""
    boxes = []
    for line in lines:
        left, top, right, bottom = line["shown"]
        middle, half = (top + bottom) / 2, min(bottom - top, line["size"]) * 0.35
        if right - left > 1 and bottom - top > 1:
            boxes.append((middle - half, left + 1, middle + half, right - 1, line["text"]))
    boxes.sort()
    found, open_ = [], []
    for box in boxes:
        open_ = [one for one in open_ if one[2] > box[0]]
        found += [f"on each other: {one[4]} | {box[4]}" for one in open_ if one[1] < box[3] and box[1] < one[3]]
        open_.append(box)
    return found
