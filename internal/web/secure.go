package web

import (
	"net/http"
	"strings"
)

// csp is the content security policy of every response. Scripts and styles come from our
// own files only; nothing inline runs, so a value that escaped the template's escaping
// would still be inert. img-src takes data: for the QR code of an authenticator.
var csp = strings.Join([]string{
	"default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
	"object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
}, "; ")

// headers are set on every response, whatever its status (OWASP ASVS 5.0, V3.4 and V14.2).
// A handler may replace one before it writes; only static files do, for Cache-Control.
var headers = [][2]string{
	{"Content-Security-Policy", csp},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Permissions-Policy", "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
}

// hsts keeps browsers on HTTPS for two years.
const hsts = "max-age=63072000; includeSubDomains"

// protect sets the security headers and refuses what another site's page asks for in the
// background: pictures, frames and scripts of ours are nobody else's to load (fetch
// metadata; a link followed from elsewhere is fine).
func (s Site) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, kv := range headers {
			h.Set(kv[0], kv[1])
		}
		if s.TLS || r.TLS != nil {
			h.Set("Strict-Transport-Security", hsts)
		}
		if embedded(r) {
			refuseOrigin(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// embedded reports whether another site's page loads this one into itself.
func embedded(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
	}
	return false
}

// sameOrigin refuses a change that did not come from a page of ours. On top of
// http.CrossOriginProtection, which lets requests pass that say nothing of their origin,
// a change must carry Sec-Fetch-Site or Origin, as every browser sends them; a program
// with a bearer token in Authorization, which no foreign page can attach, need not.
func sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
		// The API takes no cookie, so nobody can be made to send it one: a program that
		// signs in says neither where it comes from nor who it is yet.
		api := strings.HasPrefix(r.URL.Path, "/api/")
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
		if protection.Check(r) != nil || silent && !safe && !api && r.Header.Get("Authorization") == "" {
			refuseOrigin(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuseOrigin(w http.ResponseWriter, r *http.Request) {
	p := problem{
		status: http.StatusForbidden, title: "Refused",
		text: "This request did not come from a page of Chaperone.",
		next: "Open Chaperone itself and repeat it there. Nothing was changed.",
	}
	if err := Render(w, r, p.status, problemPage(p)); err != nil {
		http.Error(w, "refused", http.StatusForbidden)
	}
}

// Forget has the browser drop the cache and storage it keeps of this site. Sign-out sends
// it (ASVS 14.3.1). Cookies are left out, because browsers clear those of every host under
// the domain; destroying the session already removes ours.
func Forget(w http.ResponseWriter) {
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}
