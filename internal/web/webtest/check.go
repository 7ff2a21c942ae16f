package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// A violation is a rule of axe-core that a page breaks, and where.
type violation struct {
	ID, Impact, Help string
	Nodes            []string
}

// Axe fails the test for every rule of WCAG 2.2 A and AA, and of axe-core's best practices,
// that the page breaks as it is shown now.
func (b *Tab) Axe(t testing.TB) {
	t.Helper()
	for _, v := range b.violations(t) {
		t.Errorf("%s: axe %s (%s): %s\n\t%s", b.Path(t), v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

func (b *Tab) violations(t testing.TB) []violation {
	t.Helper()
	script := axe(t)
	Eval[bool](t, b, "typeof axe === 'object' || (("+"() => {"+script+"\n})(), true)")
	return Eval[[]violation](t, b, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		resultTypes: ["violations"],
	}).then(r => r.violations.map(v => ({
		ID: v.id, Impact: v.impact, Help: v.help,
		Nodes: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " ")),
	})))`)
}

// axe returns the text of axe.min.js.
func axe(t testing.TB) string {
	t.Helper()
	where := os.Getenv("CHAPERONE_AXE")
	if where == "" {
		where = filepath.Join(root(), "node_modules", "axe-core")
	}
	if info, err := os.Stat(where); err == nil && info.IsDir() {
		where = filepath.Join(where, "axe.min.js")
	}
	script, err := os.ReadFile(where)
	if err != nil {
		Missing(t, "axe-core", "npm install --no-save axe-core@4.14.1 at the root of the repository, or set CHAPERONE_AXE")
	}
	return string(script)
}

// root is the folder of go.mod above the package under test.
func root() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return "."
}

// NoOverflow fails the test if the page has to be scrolled sideways at a width of so many
// CSS pixels (WCAG 1.4.10: 320), and names what sticks out. Regions that scroll by
// themselves are fine. The window keeps that width.
func (b *Tab) NoOverflow(t testing.TB, width int) {
	t.Helper()
	b.Size(t, width)
	out := Eval[[]string](t, b, `(() => {
		const w = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= w && document.body.scrollWidth <= w) return [];
		const scrolls = e => { for (; e && e !== document.body; e = e.parentElement) if (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)) return true; return false };
		const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > w + 1 && !scrolls(e))
			.map(e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className && e.className.baseVal === undefined ? "." + e.className.trim().replace(/\s+/g, ".") : "") + " ends at " + Math.round(e.getBoundingClientRect().right));
		return out.length ? out.slice(0, 10) : ["the page is " + document.documentElement.scrollWidth + " wide"];
	})()`)
	if len(out) > 0 {
		t.Errorf("%s at %d px has to be scrolled sideways:\n\t%s", b.Path(t), width, strings.Join(out, "\n\t"))
	}
}

// FocusOrder presses Tab n times from the top of the page and returns what had the focus
// each time: the id as "#id", else the words of the element. It fails the test for a stop
// that cannot be seen: no outline, or outside the page.
func (b *Tab) FocusOrder(t testing.TB, n int) []string {
	t.Helper()
	Eval[bool](t, b, `(document.activeElement && document.activeElement.blur(), window.scrollTo(0, 0), getSelection().removeAllRanges(), true)`)
	var stops []string
	for i := range n {
		b.Type(t, kb.Tab)
		s := Eval[struct {
			Name string
			Seen bool
		}](t, b, `(() => {
			const e = document.activeElement, c = getComputedStyle(e), box = e.getBoundingClientRect();
			const name = e === document.body ? "" : e.id ? "#" + e.id : (e.getAttribute("aria-label") || e.innerText || e.getAttribute("name") || e.tagName).trim().replace(/\s+/g, " ");
			return {Name: name, Seen: e === document.body || (c.outlineStyle !== "none" && parseFloat(c.outlineWidth) >= 2 && box.right > 0 && box.bottom > 0)};
		})()`)
		if s.Name == "" {
			break // past the last stop
		}
		if !s.Seen {
			t.Errorf("%s: stop %d, %s, cannot be seen to have the focus", b.Path(t), i+1, s.Name)
		}
		stops = append(stops, s.Name)
	}
	return stops
}

// Sound runs the checks every page must pass: it answers with the status wanted, breaks no
// rule of axe-core at desktop and phone width in light and dark, needs no sideways scrolling
// at 320 pixels, and shows its heading without scripts. Screenshots are kept under name at
// 1280 and 390 pixels.
func (b *Tab) Sound(t testing.TB, address, name string, status int) {
	t.Helper()
	b.NoScript(t, true)
	b.Open(t, address)
	if h := b.Text(t, "h1"); h == "" {
		t.Errorf("%s has no heading without scripts", b.Path(t))
	}
	b.NoScript(t, false)
	b.Size(t, 1280)
	if got := b.Open(t, address); got != status {
		t.Errorf("%s answers %d, want %d", b.Path(t), got, status)
	}
	if source := Eval[string](t, b, `(document.body.innerText.match(/@[a-z]\w*(\.\w+)?\(.*/) || [""])[0]`); source != "" {
		t.Errorf("%s shows the source of a template: %s", b.Path(t), source)
	}
	b.Axe(t)
	b.Screenshot(t, 1280, name)
	b.Media(t, "", "dark")
	b.Axe(t)
	b.Media(t, "", "light")
	b.Size(t, 390)
	b.Axe(t)
	b.Screenshot(t, 390, name)
	b.NoOverflow(t, 320)
	if n := Eval[int](t, b, `document.querySelectorAll("[style]:not(svg *), script:not([src]), [onclick], [onsubmit], [onchange]").length`); n > 0 {
		t.Errorf("%s: %s", b.Path(t), fmt.Sprintf("%d inline styles, scripts or handlers, which the content security policy blocks", n))
	}
}
