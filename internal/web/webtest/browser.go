// Package webtest looks at pages as people do: in Chromium, at a phone's width, with the
// keyboard alone, without scripts, and with axe-core's rules of accessibility.
//
// It takes three settings from the environment. CHAPERONE_AXE is axe.min.js or the folder
// it lies in; without it, node_modules/axe-core at the root of the repository is used
// ("npm install --no-save axe-core@4.14.1"). CHAPERONE_SHOTS is a folder for screenshots;
// without it none are kept. With CHAPERONE_REQUIRE_ALL=1 a missing browser or axe fails a
// test that would otherwise be skipped; continuous integration sets it.
package webtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one step in the browser may take on a busy machine.
const patience = 45 * time.Second

// A Tab is one page in a browser of its own, with a fresh profile.
type Tab struct {
	ctx context.Context

	mu       sync.Mutex
	host     string   // of the last page opened
	troubles []string // what the browser complained about since the last Troubles
}

// Browser starts Chromium and returns its tab; the end of the test closes it. A start takes
// about a second: open many pages in one tab. When the test ends, it fails if a script threw or
// complained, the content security policy blocked something, a part of a page could not be
// fetched, or a page asked another host for anything.
func Browser(t testing.TB) *Tab {
	t.Helper()
	path := chromium()
	if path == "" {
		Missing(t, "Chromium", "apt-get install chromium")
	}
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile(t)), chromedp.WindowSize(1280, 900)}
	for _, flag := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check",
		"disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps",
		"disable-extensions", "disable-dev-shm-usage", "hide-scrollbars", "mute-audio", "metrics-recording-only",
	} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	b := &Tab{ctx: ctx}
	t.Cleanup(func() {
		limit, done := context.WithTimeout(ctx, 15*time.Second)
		defer done()
		if err := chromedp.Cancel(limit); err != nil {
			t.Logf("closing Chromium: %v", err)
		}
		stop()
		stopAlloc()
		for _, s := range b.Troubles() {
			t.Errorf("in the browser: %s", s)
		}
	})
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	b.do(t, "watch the network", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}))
	b.Size(t, 1280)
	return b
}

// Missing skips the test because something is not installed, and says how to get it. It
// fails it where nothing may be missing.
func Missing(t testing.TB, what, how string) {
	t.Helper()
	msg := what + " is not here; to run this test: " + how
	if os.Getenv("CHAPERONE_REQUIRE_ALL") == "1" {
		t.Fatal(msg)
	}
	t.Skip(msg)
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// profile is a fresh folder that goes when the test ends. Children of the browser may
// write into it for a moment after it has closed, so removal is tried again.
func profile(t testing.TB) string {
	dir, err := os.MkdirTemp("", "chaperone-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return dir
}

// hear notes what a page must not do.
func (b *Tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, "a script threw: "+ev.ExceptionDetails.Text+" ("+ev.ExceptionDetails.URL+")")
	case *log.EventEntryAdded:
		if ev.Entry.Source == "security" || strings.Contains(ev.Entry.Text, "Content Security Policy") {
			b.troubles = append(b.troubles, ev.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == "error" || ev.Type == "assert" {
			b.troubles = append(b.troubles, "a script reported an error to the console")
		}
	case *network.EventResponseReceived:
		switch ev.Type {
		case network.ResourceTypeDocument, network.ResourceTypeXHR, network.ResourceTypeFetch:
			return // a refusal is an answer
		}
		// The browser asks for /favicon.ico by itself where it shows what is no page.
		if ev.Response.Status >= 400 && !strings.HasSuffix(ev.Response.URL, "/favicon.ico") {
			b.troubles = append(b.troubles, fmt.Sprintf("a part of a page is answered %d: %s", ev.Response.Status, ev.Response.URL))
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(ev.Request.URL); err == nil && strings.HasPrefix(u.Scheme, "http") && b.host != "" && u.Host != b.host {
			b.troubles = append(b.troubles, "a page asked another host: "+u.Host)
		}
	}
}

// Troubles returns what the browser complained about since the last call, and forgets it:
// scripts that threw or wrote an error to the console, what the content security policy
// blocked, parts of a page that were refused, requests to other hosts.
func (b *Tab) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.troubles
	b.troubles = nil
	return s
}

func (b *Tab) do(t testing.TB, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (b *Tab) limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

// Eval returns the value of a JavaScript expression on the page b shows.
func Eval[T any](t testing.TB, b *Tab, expression string) T {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluating %.80s: %v", expression, err)
	}
	return v
}

// Wait waits until a JavaScript expression on the page is true.
func (b *Tab) Wait(t testing.TB, expression string) {
	t.Helper()
	for end := time.Now().Add(patience / 3); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if Eval[bool](t, b, "!!("+expression+")") {
			return
		}
	}
	t.Errorf("%s: waited in vain for %s", b.Path(t), expression)
}

// Open goes to an absolute address and returns the status of the answer.
func (b *Tab) Open(t testing.TB, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		t.Fatalf("Open(%q): not an absolute address", address)
	}
	b.mu.Lock()
	b.host = u.Host
	b.mu.Unlock()
	ctx, cancel := b.limit()
	defer cancel()
	resp, err := chromedp.Run(ctx, chromedp.NavigateResponse(address))
	if err != nil {
		t.Fatalf("opening %s: %v", address, err)
	}
	return int(resp.Status)
}

// Click clicks the first element that the CSS selector matches.
func (b *Tab) Click(t testing.TB, selector string) {
	t.Helper()
	b.do(t, "clicking "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Follow clicks what leads to another page, waits until it has loaded, and returns the
// status of the answer.
func (b *Tab) Follow(t testing.TB, selector string) int {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		t.Fatalf("following %s: %v", selector, err)
	}
	return int(resp.Status)
}

// Fill types text into the field of that name, in place of what is there. For a file it is
// the path of the file to choose.
func (b *Tab) Fill(t testing.TB, name, text string) {
	t.Helper()
	sel := fmt.Sprintf("[name=%q]", name)
	if !Eval[bool](t, b, fmt.Sprintf("(e => { if (!e) return false; if (e.type !== 'file') e.value = ''; return true })(document.querySelector(%q))", sel)) {
		t.Fatalf("%s has no field named %s", b.Path(t), name)
	}
	b.do(t, "filling "+name, chromedp.SendKeys(chromedp.CSS(sel), text))
}

// Type sends keys to whatever has the focus; see package kb of chromedp for the names.
func (b *Tab) Type(t testing.TB, keys string) {
	t.Helper()
	b.do(t, "typing", chromedp.KeyEvent(keys))
}

// Text returns the text that the first element matching the CSS selector shows.
func (b *Tab) Text(t testing.TB, selector string) string {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		t.Fatalf("reading %s: %v", selector, err)
	}
	return s
}

// Path returns the path and query of the page shown.
func (b *Tab) Path(t testing.TB) string {
	t.Helper()
	return Eval[string](t, b, "location.pathname + location.search")
}

// Cookie gives the browser a cookie for the site at address.
func (b *Tab) Cookie(t testing.TB, address, name, value string) {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address}); err != nil {
		t.Fatalf("setting cookie %s: %v", name, err)
	}
}

// Forget signs everybody out: it drops all cookies.
func (b *Tab) Forget(t testing.TB) {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	if _, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatalf("clearing cookies: %v", err)
	}
}

// Size sets the width of the window in CSS pixels.
func (b *Tab) Size(t testing.TB, width int) {
	t.Helper()
	b.do(t, "resizing", chromedp.EmulateViewport(int64(width), 900))
}

// NoScript turns the page's own scripts off or on, from the next Open.
func (b *Tab) NoScript(t testing.TB, off bool) {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
		t.Fatalf("turning scripts off: %v", err)
	}
}

// Media emulates a medium ("print", or "" for the screen) and a colour scheme ("dark",
// "light", or "" for the default).
func (b *Tab) Media(t testing.TB, medium, scheme string) {
	t.Helper()
	ctx, cancel := b.limit()
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatalf("emulating %s %s: %v", medium, scheme, err)
	}
}

// Screenshot keeps the whole page, at a width in CSS pixels, as name-width.png in the
// folder CHAPERONE_SHOTS, if that is set.
func (b *Tab) Screenshot(t testing.TB, width int, name string) {
	t.Helper()
	dir := os.Getenv("CHAPERONE_SHOTS")
	if dir == "" {
		return
	}
	b.Size(t, width)
	ctx, cancel := b.limit()
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("taking a screenshot: %v", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Client returns an HTTP client that keeps cookies, does not follow redirects, and says, as
// a browser does, that its requests come from the site's own pages.
func Client(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{
		Jar: jar, Timeout: patience, Transport: ownPage{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type ownPage struct{ http.RoundTripper }

func (o ownPage) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Sec-Fetch-Site") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
	}
	return o.RoundTripper.RoundTrip(r)
}
