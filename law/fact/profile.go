package fact

// ProfileFor picks the profile that fits the request best: of those with its
// purpose, one that names its role before one for any role, then one that names
// its activity; later versions first.
func (f *Facts) ProfileFor(r *Request) (Profile, bool) {
	best, score := -1, -1
	for i := range f.Profiles {
		p := &f.Profiles[i]
		if p.Purpose != r.Purpose || p.Role != "" && p.Role != r.Role || p.Activity != "" && p.Activity != r.Activity {
			continue
		}
		s := 0
		if p.Role != "" {
			s += 2
		}
		if p.Activity != "" {
			s++
		}
		if s > score || s == score && p.Version > f.Profiles[best].Version {
			best, score = i, s
		}
	}
	if best < 0 {
		return Profile{}, false
	}
	return f.Profiles[best], true
}
