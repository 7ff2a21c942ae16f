package password

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"chaperone.example/internal/fault"
)

// Length of a password in characters. There is a second factor always, so that
// SP 800-63B-4 section 3.1.1.2 would be content with 8.
const (
	Min = 12
	Max = 256
)

//go:embed common.txt
var common string

// left is how many characters of a password must not come from common words or
// from what everybody knows of the person.
const left = 6

// Check refuses a password that is too short, or guessed first. There are no rules
// of composition: any characters will do, and no password expires. Context is what
// an attacker knows of the person: the name, the sign-in name, the organization.
func Check(password string, context ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fault.New(fault.Invalid, "the password is not readable text: type it anew")
	case n < Min:
		return fault.New(fault.Invalid, "the password has %d characters: use at least %d, for instance four words", n, Min)
	case n > Max:
		return fault.New(fault.Invalid, "the password has %d characters: use at most %d", n, Max)
	}
	plain := []rune(simple(password))
	if len(plain) > 0 && period(plain) <= 4 {
		return fault.New(fault.Invalid, "the password repeats the same few characters: use something less regular, for instance four words")
	}
	if runs(plain) {
		return fault.New(fault.Invalid, "the password is a row of neighbouring characters: use something less regular, for instance four words")
	}
	rest := string(plain)
	for _, text := range context {
		for _, word := range strings.FieldsFunc(simple(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if utf8.RuneCountInString(word) >= 4 {
				rest = strings.ReplaceAll(rest, word, "")
			}
		}
	}
	if utf8.RuneCountInString(rest) < left {
		return fault.New(fault.Invalid, "the password is made of your name, your sign-in name or your organization's: use something that others do not know of you")
	}
	for word := range strings.Lines(common) {
		if word = strings.TrimSpace(word); word != "" && !strings.HasPrefix(word, "#") {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	if utf8.RuneCountInString(strings.TrimFunc(rest, func(c rune) bool { return !unicode.IsLetter(c) })) < left && rest != string(plain) {
		return fault.New(fault.Invalid, "the password is among those that are guessed first: use something less common, for instance four words")
	}
	return nil
}

// simple writes text as a guesser would: in small letters, with the usual
// substitutions of letters undone.
func simple(s string) string {
	return strings.Map(func(c rune) rune {
		switch c = unicode.ToLower(c); c {
		case '@', '4':
			return 'a'
		case '3':
			return 'e'
		case '1', '!':
			return 'i'
		case '0':
			return 'o'
		case '$', '5':
			return 's'
		}
		return c
	}, s)
}

// period returns the length of the shortest unit that s repeats.
func period(s []rune) int {
	for p := 1; p < len(s); p++ {
		ok := true
		for i := p; i < len(s) && ok; i++ {
			ok = s[i] == s[i-p]
		}
		if ok {
			return p
		}
	}
	return len(s)
}

// runs reports whether nearly every character is the neighbour of the one before:
// in the alphabet, or on the keyboard, either way round.
func runs(s []rune) bool {
	const keys = "qwertyuiop asdfghjkl zxcvbnm i2eas67890 1234567890"
	n := 0
	for i := 1; i < len(s); i++ {
		a, b := s[i-1], s[i]
		if d := b - a; d == 1 || d == -1 || strings.Contains(keys, string([]rune{a, b})) || strings.Contains(keys, string([]rune{b, a})) {
			n++
		}
	}
	return len(s) > 1 && n*10 >= (len(s)-1)*9
}
