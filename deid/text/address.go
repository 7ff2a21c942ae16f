package text

import "strings"

// addresses finds addresses of mail, web and internet, and handles.
func (s *Scrubber) addresses(text string) {
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 {
			break
		}
		i += at
		start, end := i, i+1
		for start > 0 && (isAlnum(text[start-1]) || strings.IndexByte("._%+-", text[start-1]) >= 0) {
			start--
		}
		for end < len(text) && (isAlnum(text[end]) || (text[end] == '.' || text[end] == '-' || text[end] == '_') && end+1 < len(text) && isAlnum(text[end+1])) {
			end++
		}
		if end > i+2 {
			if start < i {
				s.add(start, end, Email)
			} else {
				s.add(start, end, Number) // a handle
			}
		}
		at = end
	}
	for _, mark := range []string{"://", "www."} {
		for at := 0; ; {
			i := strings.Index(text[at:], mark)
			if i < 0 {
				break
			}
			i += at
			start, end := i, i+len(mark)
			for start > 0 && isAlpha(text[start-1]) && mark == "://" {
				start--
			}
			for end < len(text) && text[end] > ' ' && strings.IndexByte("<>\"'()[]{}", text[end]) < 0 {
				end++
			}
			for end > i && strings.IndexByte(".,;:!?", text[end-1]) >= 0 {
				end--
			}
			s.add(start, end, Web)
			at = max(end, i+len(mark))
		}
	}
	for at := 0; ; { // IPv6
		i := strings.Index(text[at:], ":")
		if i < 0 {
			break
		}
		i += at
		start, end, colons, digits := i, i, 0, 0
		for start > 0 && (isHex(text[start-1]) || text[start-1] == ':') {
			start--
		}
		for j := start; j < len(text) && (isHex(text[j]) || text[j] == ':'); j++ {
			end = j + 1
			if text[j] == ':' {
				colons++
			} else if isDigit(text[j]) {
				digits++
			}
		}
		for end > start && text[end-1] == ':' {
			end--
			colons--
		}
		if (colons >= 3 || colons >= 2 && strings.Contains(text[start:end], "::")) && digits > 0 && (start == 0 || !isAlnum(text[start-1])) {
			s.add(start, end, Internet)
		}
		at = max(end, i+1)
	}
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
