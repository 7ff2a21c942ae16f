package cohort

import "time"

// A zone is a time zone of the United States. The rule is written here, not read
// from the machine's database, so that the output does not depend on it: since
// 2007 (Energy Policy Act of 2005, section 110) clocks go forward at 02:00 on the
// second Sunday of March and back on the first Sunday of November.
type zone struct {
	standard, summer *time.Location
}

func newZone(hours int, observes bool) zone {
	z := zone{standard: time.FixedZone("", hours*3600)}
	z.summer = z.standard
	if observes {
		z.summer = time.FixedZone("", (hours+1)*3600)
	}
	return z
}

// at returns the moment t as the clocks on the wall show it.
func (z zone) at(t time.Time) time.Time {
	local := t.In(z.standard)
	if begin, end := z.season(local.Year()); !t.Before(begin) && t.Before(end) {
		return t.In(z.summer)
	}
	return local
}

// clock returns the moment at which the clocks show hour and minute, days after the
// calendar day of t (in t's own location).
func (z zone) clock(t time.Time, days, hour, minute int) time.Time {
	y, m, d := t.Date()
	on := func(loc *time.Location) time.Time { return time.Date(y, m, d+days, hour, minute, 0, 0, loc) }
	return z.at(on(z.at(on(z.standard)).Location()))
}

func (z zone) season(year int) (begin, end time.Time) {
	return sunday(year, time.March, 8, z.standard), sunday(year, time.November, 1, z.summer)
}

// sunday returns 02:00 on the first Sunday on or after the day.
func sunday(year int, month time.Month, day int, loc *time.Location) time.Time {
	t := time.Date(year, month, day, 2, 0, 0, 0, loc)
	return t.AddDate(0, 0, (7-int(t.Weekday()))%7)
}

// Day returns t's calendar day as a midnight in UTC, so that days can be counted.
func Day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// DaysBetween counts midnights from a to b.
func DaysBetween(a, b time.Time) int { return int(Day(b).Sub(Day(a)) / (24 * time.Hour)) }

// A town is a real place with one of its ZIP codes. The people and streets in it
// are invented.
type Town struct {
	City, County, State, ZIP string
	Latitude, Longitude      string // of the town, to two decimals
}

// A region is where a hospital stands and where most of its patients live.
type Region struct {
	State string
	zone  zone
	Towns []Town
}

func regions() []Region {
	eastern, central, mountain, pacific := newZone(-5, true), newZone(-6, true), newZone(-7, true), newZone(-8, true)
	arizona := newZone(-7, false)
	return []Region{
		{"MA", eastern, []Town{
			{"Worcester", "Worcester", "MA", "01602", "42.27", "-71.84"}, {"Springfield", "Hampden", "MA", "01103", "42.10", "-72.59"},
			{"Pittsfield", "Berkshire", "MA", "01201", "42.45", "-73.26"}, {"Lowell", "Middlesex", "MA", "01852", "42.63", "-71.30"},
			{"Brockton", "Plymouth", "MA", "02301", "42.08", "-71.02"}}},
		{"OH", eastern, []Town{
			{"Columbus", "Franklin", "OH", "43201", "39.99", "-83.00"}, {"Cleveland", "Cuyahoga", "OH", "44106", "41.51", "-81.61"},
			{"Akron", "Summit", "OH", "44303", "41.10", "-81.54"}, {"Dayton", "Montgomery", "OH", "45402", "39.76", "-84.18"},
			{"Zanesville", "Muskingum", "OH", "43701", "39.94", "-82.01"}}},
		{"NC", eastern, []Town{
			{"Raleigh", "Wake", "NC", "27601", "35.77", "-78.63"}, {"Durham", "Durham", "NC", "27701", "36.00", "-78.90"},
			{"Greensboro", "Guilford", "NC", "27401", "36.07", "-79.77"}, {"Asheville", "Buncombe", "NC", "28801", "35.60", "-82.56"},
			{"Wilmington", "New Hanover", "NC", "28401", "34.25", "-77.95"}}},
		{"MN", central, []Town{
			{"Minneapolis", "Hennepin", "MN", "55407", "44.94", "-93.25"}, {"Saint Paul", "Ramsey", "MN", "55104", "44.95", "-93.17"},
			{"Duluth", "St. Louis", "MN", "55805", "46.80", "-92.09"}, {"Rochester", "Olmsted", "MN", "55901", "44.05", "-92.51"}}},
		{"TX", central, []Town{
			{"Austin", "Travis", "TX", "78704", "30.24", "-97.77"}, {"Houston", "Harris", "TX", "77004", "29.73", "-95.36"},
			{"Dallas", "Dallas", "TX", "75204", "32.80", "-96.79"}, {"Lubbock", "Lubbock", "TX", "79401", "33.59", "-101.86"}}},
		{"CO", mountain, []Town{
			{"Denver", "Denver", "CO", "80205", "39.76", "-104.97"}, {"Boulder", "Boulder", "CO", "80302", "40.02", "-105.29"},
			{"Pueblo", "Pueblo", "CO", "81003", "38.28", "-104.63"}, {"Grand Junction", "Mesa", "CO", "81501", "39.07", "-108.55"}}},
		{"WA", pacific, []Town{
			{"Seattle", "King", "WA", "98104", "47.60", "-122.33"}, {"Tacoma", "Pierce", "WA", "98402", "47.25", "-122.44"},
			{"Spokane", "Spokane", "WA", "99201", "47.66", "-117.43"}, {"Yakima", "Yakima", "WA", "98901", "46.60", "-120.49"}}},
		{"AZ", arizona, []Town{
			{"Tucson", "Pima", "AZ", "85701", "32.22", "-110.97"}, {"Phoenix", "Maricopa", "AZ", "85004", "33.45", "-112.07"},
			{"Flagstaff", "Coconino", "AZ", "86001", "35.19", "-111.65"}, {"Yuma", "Yuma", "AZ", "85364", "32.69", "-114.62"}}},
	}
}

// rareTowns lie in three-digit ZIP areas of at most 20,000 people (2020 census),
// which Safe Harbor replaces by 000: 45 CFR 164.514(b)(2)(i)(B).
var rareTowns = []Town{
	{"Acworth", "Sullivan", "NH", "03601", "43.22", "-72.29"}, {"Averill", "Essex", "VT", "05901", "44.99", "-71.69"},
	{"Butler", "Choctaw", "AL", "36904", "32.09", "-88.22"}, {"Finland", "Lake", "MN", "55603", "47.41", "-91.25"},
	{"Valentine", "Cherry", "NE", "69201", "42.87", "-100.55"}, {"Rawlins", "Carbon", "WY", "82301", "41.79", "-107.24"},
	{"Yellowstone National Park", "Park", "WY", "82190", "44.97", "-110.70"}, {"Truth or Consequences", "Sierra", "NM", "87901", "33.13", "-107.25"},
	{"Tucumcari", "Quay", "NM", "88401", "35.17", "-103.72"}, {"Ely", "White Pine", "NV", "89301", "39.25", "-114.89"},
}
