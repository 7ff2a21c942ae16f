package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// A flash is a sentence shown once, on the page after a change (post, redirect, get).
// It lives in a cookie for one hop; it is text, never markup, and says nothing that
// identifies a patient.
type flash struct {
	Tone Tone
	Text string
}

type flashKey struct{}

// maxFlash bounds the text of a flash in bytes, well under the 4 KiB of a cookie.
const maxFlash = 1000

const flashSeconds = 60

func setFlash(w http.ResponseWriter, r *http.Request, f flash) {
	text := f.Text
	for len(text) > maxFlash || !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text[:min(len(text), maxFlash)], "")
	}
	c := Cookie(r, "flash", string(f.Tone)+"."+base64.RawURLEncoding.EncodeToString([]byte(text)))
	c.MaxAge = flashSeconds
	http.SetCookie(w, c)
}

// takeFlash reads the flash that came with r and has the browser forget it.
func takeFlash(w http.ResponseWriter, r *http.Request) (flash, bool) {
	c, err := r.Cookie(Cookie(r, "flash", "").Name)
	if err != nil {
		return flash{}, false
	}
	gone := Cookie(r, "flash", "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	tone, text, _ := strings.Cut(c.Value, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > maxFlash || !utf8.Valid(b) || (Tone(tone) != Good && Tone(tone) != Warn) {
		return flash{}, false
	}
	return flash{Tone: Tone(tone), Text: string(b)}, true
}

func flashOf(ctx context.Context) (flash, bool) {
	f, ok := ctx.Value(flashKey{}).(flash)
	return f, ok
}
