package web

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// unchanging makes a page one of the past: its links and the forms that only look carry
// the moment along, and the forms that would change something are switched off, all but
// the one that signs out. What it cannot read it leaves out: the server refuses to change
// anything on such an address anyway.
func unchanging(page []byte, moment url.Values) []byte {
	var out bytes.Buffer
	z := html.NewTokenizer(bytes.NewReader(page))
	off := false // within a form that is switched off
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.Bytes()
		}
		raw := slices.Clone(z.Raw())
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken && kind != html.EndTagToken {
			out.Write(raw)
			continue
		}
		t := z.Token()
		switch {
		case kind == html.EndTagToken:
			if t.Data == "form" {
				off = false
			}
			out.Write(raw)
		case t.Data == "a" && attribute(t, "data-now") == nil && carries(attribute(t, "href")):
			href := attribute(t, "href")
			*href = with(*href, moment)
			out.WriteString(t.String())
		case t.Data == "form" && strings.EqualFold(value(t, "method"), "post") && value(t, "action") != SignOutPath:
			off = true
			t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool { return a.Key != "class" && a.Key != "id" })
			out.WriteString(t.String())
		case t.Data == "form":
			out.Write(raw)
			if strings.EqualFold(value(t, "method"), "post") || value(t, "action") == AsOfPath {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(moment)) {
				hidden := html.Token{Type: html.SelfClosingTagToken, Data: "input", Attr: []html.Attribute{{Key: "type", Val: "hidden"}, {Key: "name", Val: name}, {Key: "value", Val: moment.Get(name)}}}
				out.WriteString(hidden.String())
			}
		case off && slices.Contains([]string{"button", "input", "select", "textarea"}, t.Data) && attribute(t, "disabled") == nil:
			t.Attr = append(t.Attr, html.Attribute{Key: "disabled"})
			out.WriteString(t.String())
		default:
			out.Write(raw)
		}
	}
}

// carries reports whether an address is of a page of ours.
func carries(href *string) bool {
	return href != nil && strings.HasPrefix(*href, "/") && !strings.HasPrefix(*href, "//") && !strings.HasPrefix(*href, "/static/")
}

// with adds parameters to an address of ours.
func with(path string, add url.Values) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	maps.Copy(q, add)
	u.RawQuery = q.Encode()
	return u.String()
}

func attribute(t html.Token, name string) *string {
	for i := range t.Attr {
		if t.Attr[i].Key == name {
			return &t.Attr[i].Val
		}
	}
	return nil
}

func value(t html.Token, name string) string {
	if v := attribute(t, name); v != nil {
		return *v
	}
	return ""
}
