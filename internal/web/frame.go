package web

import (
	"context"
	"net/url"
)

// A Frame is what stands around every page: who is signed in, for whom, where they
// can go, and how far the ledger has come. The app makes one per request.
type Frame struct {
	Person  string // the signed-in person's display name; empty when nobody is signed in
	Role    string // the role in words, "Privacy officer"
	Org     string // the organization the person acts for
	Nav     []NavItem
	Ledger  Head
	Account string // where the person's own settings are, if anywhere
	Here    string // the address of the page itself, for the control "As of"; none if empty
	Past    *Past  // the moment that the page is shown as of; nil: now
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

// A Past is the moment of the past that a page is shown as of. [Render] then takes the
// moment along in every address on the page, and takes away what would change something.
type Past struct {
	Words string     // "Nov 24, 2026, 15:04 UTC"
	Note  string     // what is counted: by which clock
	Query url.Values // the parameters of an address that say so
	Entry AsOf       // as the control shows it
}

// An AsOf is what the control "As of" says.
type AsOf struct {
	Day   string // 2026-03-01
	Time  string // 14:00; the end of the day if empty
	Zone  string // a name of the time zone database
	Clock string // see [AsOfClocks]
}

// AsOfPath is where the control "As of" leads to.
const AsOfPath = "/as-of"

// AsOfClocks are the two clocks.
func AsOfClocks() []Option {
	return []Option{
		{Value: "recorded", Label: "What was known then", Hint: "What had been recorded by then."},
		{Value: "happened", Label: "What is known now of then", Hint: "With what was reported later and had happened by then."},
	}
}

// AsOfZones are the time zones to choose from: those of the United States.
func AsOfZones() []Option {
	return []Option{
		{Value: "UTC", Label: "UTC"},
		{Value: "America/New_York", Label: "Eastern time"}, {Value: "America/Chicago", Label: "Central time"},
		{Value: "America/Denver", Label: "Mountain time"}, {Value: "America/Phoenix", Label: "Arizona time"},
		{Value: "America/Los_Angeles", Label: "Pacific time"}, {Value: "America/Anchorage", Label: "Alaska time"},
		{Value: "Pacific/Honolulu", Label: "Hawaii time"}, {Value: "America/Puerto_Rico", Label: "Atlantic time (Puerto Rico)"},
	}
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
