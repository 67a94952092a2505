package cycle

// marks keep a small number for each of many persons: a byte where a map takes forty. The ids of persons come
// from one table, from 1 on, so that those of a run lie close together; where they don't, it takes more memory and works all the same.
type marks struct {
	pages map[int64]*[marksOfPage]byte
	count int
}

const marksOfPage = 256

// get is 0 for a person without a mark.
func (m *marks) get(person int64) byte {
	if page := m.pages[person/marksOfPage]; page != nil {
		return page[person%marksOfPage]
	}
	return 0
}

// set gives a person a mark, which is not 0. Ids are not negative.
func (m *marks) set(person int64, mark byte) {
	page := m.pages[person/marksOfPage]
	if page == nil {
		if m.pages == nil {
			m.pages = map[int64]*[marksOfPage]byte{}
		}
		page = new([marksOfPage]byte)
		m.pages[person/marksOfPage] = page
	}
	if page[person%marksOfPage] == 0 {
		m.count++
	}
	page[person%marksOfPage] = mark
}

// counts says how many persons have each mark.
func (m *marks) counts() map[byte]int {
	n := map[byte]int{}
	for _, page := range m.pages {
		for _, mark := range page {
			if mark != 0 {
				n[mark]++
			}
		}
	}
	return n
}
