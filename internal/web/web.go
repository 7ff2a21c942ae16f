// Package web is the frame of every page: the layout with its header, navigation
// and footer, the form and table components, the rendering of errors, the security
// headers, the request log and the embedded style sheet. It knows no module; the
// modules' pages import it, and the app tells it who is signed in by putting a
// [Frame] into the request's context.
//
// # A page
//
// A page is a [Handler]: it reads the request, asks or does through the ledger's
// doors, and ends in one of three ways.
//
//   - It shows something: return Render(w, r, http.StatusOK, component), where the
//     component begins with @web.Layout(web.Page{...}).
//   - It has changed something: return Done(w, r, "/requests", "The request was sent."),
//     which redirects with 303 so that a reload does not send the form again, and shows
//     the sentence once on the next page.
//   - It failed: return the error. A fault (package fault) becomes a page that says what
//     to do; anything else is logged and shown as "internal error" with a reference.
//
// Forms are read with [ReadForm], which bounds the body and gathers what is wrong with
// each field, so that the form comes back with the entries kept and a summary on top.
//
// # Rules of the package
//
// Every page works without JavaScript; htmx only saves reloads. No script, style or
// handler stands in the markup: the content security policy forbids it. Status is never
// told by colour alone. Every table names its columns on each cell (data-label), so that
// a phone can show rows as cards. Nothing that identifies a patient goes into a URL,
// a log line, a flash message or a file name.
package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"chaperone.example/internal/fault"

	"github.com/a-h/templ"
)

// A Handler serves a request or says why it cannot.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls h and shows the error it returns.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		Error(w, r, err)
	}
}

// problem is what a person sees of an error.
type problem struct {
	status int
	title  string // the page's heading
	text   string // the fault's own words
	next   string // what to do when the fault does not say
	ref    string // the request's id, shown so that the log entry can be found
}

var problems = map[fault.Kind]problem{
	fault.Invalid:   {status: http.StatusUnprocessableEntity, title: "Something needs correcting", next: "Go back, correct it and send it again. Nothing was changed."},
	fault.Refused:   {status: http.StatusConflict, title: "This is not possible now", next: "Nothing was changed."},
	fault.Forbidden: {status: http.StatusForbidden, title: "Not allowed", next: "Nothing was changed. If your work needs it, ask those who may do it, or the person who manages access in your organization."},
	fault.NotFound:  {status: http.StatusNotFound, title: "Not found", next: "It does not exist, or it is not yours to see. Check the address or start from the home page."},
	fault.Conflict:  {status: http.StatusConflict, title: "Somebody changed this meanwhile", next: "Look at it again, then repeat what you wanted to do. Nothing was changed."},
}

// Error shows a fault to the person, and anything else to the log only. The log
// entry carries the route's pattern, never the path, the query or a form value.
// It is exported for middleware; a page returns its error instead.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	p, ref := problem{}, requestOf(ctx).id
	kind, msg, _ := fault.Of(err)
	known, isFault := problems[kind] // a kind that nobody told us of is internal
	var tooLarge *http.MaxBytesError
	switch {
	case isFault:
		p = known
		p.text = msg
	case errors.As(err, &tooLarge):
		p = problem{
			status: http.StatusRequestEntityTooLarge, title: "Too large",
			text: "What was sent is larger than the " + Bytes(tooLarge.Limit) + " allowed here.",
			next: "Send it in smaller parts. Nothing was changed.",
		}
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return // the person went away; there is nobody to tell
	default:
		requestOf(ctx).log.ErrorContext(ctx, "request failed",
			slog.String("request", ref), slog.String("method", r.Method),
			slog.String("route", requestOf(ctx).route), slog.Any("err", err))
		p = problem{
			status: http.StatusInternalServerError, title: "Internal error",
			text: "Something went wrong on our side. It has been recorded.",
			next: "Try again. If it happens again, give your administrator the reference.",
			ref:  ref,
		}
	}
	if r.Header.Get("HX-Request") != "" {
		// An error replaces the page's content, whatever the part aimed at.
		w.Header().Set("HX-Retarget", "#main")
		w.Header().Set("HX-Reselect", "#main")
		w.Header().Set("HX-Reswap", "outerHTML")
	}
	if err := Render(w, r, p.status, problemPage(p)); err != nil {
		requestOf(ctx).log.ErrorContext(ctx, "error page failed", slog.String("request", ref), slog.Any("err", err))
		http.Error(w, "internal error, reference "+ref, http.StatusInternalServerError)
	}
}

// Render writes a page with the given status. The page is rendered whole before the
// first byte goes out, so a page that fails halfway is an error and never looks
// complete. A message left by [Done] is shown, and forgotten.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var b bytes.Buffer
	ctx := r.Context()
	if f, ok := takeFlash(w, r); ok {
		ctx = context.WithValue(ctx, flashKey{}, f)
	}
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	body := b.Bytes()
	if p := FrameOf(ctx).Past; p != nil {
		body = unchanging(body, p.Query)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	// The status is out: an error here means that the connection broke.
	_, _ = w.Write(body)
	return nil
}

// Done ends a change: it redirects to path with 303 See Other and shows msg once on
// the page that follows. The path is one of ours (see [Local]). The message must not
// identify a patient; it travels in a cookie.
func Done(w http.ResponseWriter, r *http.Request, path, msg string) error {
	setFlash(w, r, flash{Tone: Good, Text: msg})
	return SeeOther(w, r, path)
}

// Warned is [Done] for a change that left something to attend to.
func Warned(w http.ResponseWriter, r *http.Request, path, msg string) error {
	setFlash(w, r, flash{Tone: Warn, Text: msg})
	return SeeOther(w, r, path)
}

// SeeOther redirects to path, which is one of ours (see [Local]).
func SeeOther(w http.ResponseWriter, r *http.Request, path string) error {
	path = Local(path)
	if p := FrameOf(r.Context()).Past; p != nil {
		path = with(path, p.Query)
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// Local returns path if it stays on this site, and "/" otherwise: a redirect target
// that came with a request must not lead to somebody else's server. Browsers read a
// backslash as a slash and drop control characters, so both make a path foreign.
func Local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, "\\") {
		return "/"
	}
	for _, c := range path {
		if c < ' ' || c == 0x7f {
			return "/"
		}
	}
	return path
}
