package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A Site is what holds for every response of the program, page or not.
type Site struct {
	// TLS says that people reach the site over HTTPS, whether this process ends it
	// or a proxy does. Then cookies are Secure and __Host- prefixed, and HSTS is sent.
	TLS bool
	// Log takes one line per request and the errors that are no faults. Required.
	Log *slog.Logger
}

// Limits of every request. An upload raises its own (see [ReadUpload], [AllowBody]).
const (
	// MaxBody is the largest request body in bytes.
	MaxBody = 1 << 20
	// maxHeader is the largest request header in bytes.
	maxHeader = 64 << 10

	headerTimeout = 10 * time.Second // to send the header
	bodyTimeout   = 30 * time.Second // to send header and body
	replyTimeout  = 60 * time.Second // to be answered, counted from the end of the header
	idleTimeout   = 2 * time.Minute  // between requests on one connection
	slowTimeout   = 30 * time.Minute // for uploads and downloads, instead of the last three
)

// Server returns a server of h that gives nobody more time or header than the limits
// of this package. The caller listens and shuts it down.
func (s Site) Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      replyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

// Slow gives the request on w half an hour instead of a minute, for a download or an
// upload. A server that cannot extend its deadlines keeps them.
func Slow(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(slowTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(slowTimeout))
}

// Handler puts around mux, from the outside in: the request's id and log line, recovery
// from panics, the security headers and the body limit, the refusal of cross-origin
// changes, then inner in the order given (sessions, the frame of the signed-in person,
// authorization), then mux. A request that no pattern of mux matches is answered with an
// error page, within inner.
func (s Site) Handler(mux *http.ServeMux, inner ...func(http.Handler) http.Handler) http.Handler {
	var h http.Handler = routed{mux}
	for i := len(inner) - 1; i >= 0; i-- {
		h = inner[i](h)
	}
	return s.observe(mux, s.protect(sameOrigin(h)))
}

// A request is what the frame knows about the request in a context.
type request struct {
	id    string // shown to the person with an internal error, and in every log line
	route string // the pattern that matched; never the path
	log   *slog.Logger
	tls   bool
	body  *body
}

type requestKey struct{}

// requestOf returns the request of ctx, or a usable one when ctx did not come through a
// Site (a page tested on its own).
func requestOf(ctx context.Context) *request {
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		return q
	}
	return &request{id: "none", route: "none", log: slog.Default()}
}

// RequestID returns the id of the request in ctx, as it stands in the log.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// observe gives the request its id, logs it by its pattern, and turns a panic into
// an internal error.
func (s Site) observe(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		_, pattern := mux.Handler(r)
		if pattern == "" {
			pattern = "unmatched"
		}
		q := &request{id: rand.Text()[:12], route: pattern, log: s.Log, tls: s.TLS, body: &body{rc: r.Body, left: MaxBody, limit: MaxBody}}
		ctx := context.WithValue(r.Context(), requestKey{}, q)
		r = r.WithContext(ctx)
		r.Body = q.body
		out := &response{ResponseWriter: w}
		out.Header().Set("Request-Id", q.id)
		defer func() {
			aborted := false
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					aborted = true
				} else {
					s.panicked(ctx, q, p)
					aborted = out.status != 0
					if !aborted {
						Error(out, r, fmt.Errorf("panic in request %s", q.id))
					}
				}
			}
			s.Log.LogAttrs(ctx, slog.LevelInfo, "request",
				slog.String("request", q.id), slog.String("method", method(r.Method)), slog.String("route", pattern),
				slog.Int("status", out.code()), slog.Int64("bytes", out.bytes),
				slog.Duration("took", time.Since(start)))
			if aborted {
				panic(http.ErrAbortHandler) // what is half written must not look complete
			}
		}()
		next.ServeHTTP(out, r)
	})
}

// panicked logs where a panic came from. Its value may hold data, so only its type
// is told, or its text when the runtime wrote it.
func (s Site) panicked(ctx context.Context, q *request, p any) {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	s.Log.ErrorContext(ctx, "panic", slog.String("request", q.id), slog.String("route", q.route),
		slog.String("what", what), slog.String("stack", string(debug.Stack())))
}

// method returns m if it is one of HTTP's: it goes into the log, and anything can be sent.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return m
	}
	return "other"
}

// A response remembers the status and the size of what was answered.
type response struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// A body stops reading when the limit is passed. One goroutine reads it.
type body struct {
	rc    io.ReadCloser
	left  int64
	limit int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &http.MaxBytesError{Limit: b.limit}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.rc.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n + int(b.left), &http.MaxBytesError{Limit: b.limit}
	}
	return n, err
}

func (b *body) Close() error { return b.rc.Close() }

// AllowBody sets the largest body of r to n bytes, counted from here. Without a [Site]
// around it, as in a page's own test, it bounds r.Body itself.
func AllowBody(r *http.Request, n int64) {
	b := requestOf(r.Context()).body
	if b == nil {
		b = &body{rc: r.Body}
		r.Body = b
	}
	b.left, b.limit = n, n
}

// routed answers what no pattern matches with a page instead of the mux's plain text.
type routed struct{ mux *http.ServeMux }

func (h routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, pattern := h.mux.Handler(r)
	if pattern != "" {
		h.mux.ServeHTTP(w, r)
		return
	}
	probe := &statusOnly{header: http.Header{}}
	answer.ServeHTTP(probe, r)
	p := problem{status: http.StatusNotFound, title: "Not found", text: "There is nothing at this address.", next: "Check the address or start from the home page."}
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		p = problem{status: probe.status, title: "Not possible here", text: "This address does not take that kind of request.", next: "Start from the home page."}
	}
	if err := Render(w, r, p.status, problemPage(p)); err != nil {
		Error(w, r, err)
	}
}

type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) WriteHeader(code int)        { s.status = code }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// Session times: NIST SP 800-63B-4 section 2.2.3 (AAL2) allows an hour of inactivity and
// 24 hours in all; a workstation on a ward is left more often than that.
const (
	SessionIdle     = 15 * time.Minute
	SessionLifetime = 12 * time.Hour
)

// Sessions returns a session manager over store with this site's cookie: HttpOnly,
// SameSite=Lax (a link from a mail finds the person signed in; a foreign form does not),
// ended after [SessionIdle] without a request and [SessionLifetime] in all. The store sees
// only the SHA-256 of a token.
func (s Site) Sessions(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store = store
	m.HashTokenInStore = true
	m.IdleTimeout = SessionIdle
	m.Lifetime = SessionLifetime
	c := cookie(s.TLS, "session", "")
	m.Cookie = scs.SessionCookie{Name: c.Name, Path: "/", HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteLaxMode, Persist: false}
	m.ErrorFunc = Error
	return m
}

// Cookie returns a cookie of this site for the request: HttpOnly, SameSite=Strict, for the
// whole site, and over TLS Secure with the __Host- prefix, which no other host can set. It
// lasts as long as the browser unless the caller says otherwise.
func Cookie(r *http.Request, name, value string) *http.Cookie {
	return cookie(requestOf(r.Context()).tls || r.TLS != nil, name, value)
}

func cookie(tls bool, name, value string) *http.Cookie {
	name = "chaperone-" + name
	if tls {
		name = "__Host-" + name
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: tls, SameSite: http.SameSiteStrictMode}
}
