package web

import "context"

// A Frame is what stands around every page: who is signed in, for whom, where they
// can go, and how far the ledger has come. The app makes one per request.
type Frame struct {
	Person  string // the signed-in person's display name; empty when nobody is signed in
	Role    string // the role in words, "Privacy officer"
	Org     string // the organization the person acts for
	Nav     []NavItem
	Ledger  Head
	Account string // where the person's own settings are, if anywhere
}

// A NavItem is an entry of the main navigation.
type NavItem struct {
	Label string
	Href  string
	Key   string // what a page names in Page.Active
}

// A Head says how far the ledger has come: the number of records and the Merkle
// root over them in hexadecimal. The zero Head is not shown.
type Head struct {
	Size uint64
	Root string
	Href string // the page that proves it, if the person may see it
}

// SignOutPath is where the header's sign-out button posts to.
const SignOutPath = "/sign-out"

type frameKey struct{}

// WithFrame attaches f to ctx; [Layout] draws it.
func WithFrame(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameOf returns the frame attached to ctx, or one of nobody.
func FrameOf(ctx context.Context) Frame {
	f, _ := ctx.Value(frameKey{}).(Frame)
	return f
}
