package timeline

// ages are the greatest ages that the data of finished spans reached: of 64 spans each, and of 64 times 64. So the greatest of many spans is
// found by looking at a few numbers. Both grow at their ends alone, so views may share them.
type ages struct{ few, many []int64 }

// agesBlock is how many spans, and how many blocks of them, have one number.
const agesBlock = 64

// add is called with all spans when one has been added.
func (a *ages) add(spans []span) {
	if len(spans)%agesBlock != 0 {
		return
	}
	most := int64(0)
	for i := len(spans) - agesBlock; i < len(spans); i++ {
		most = max(most, spans[i].end-spans[i].since)
	}
	a.few = append(a.few, most)
	if len(a.few)%agesBlock != 0 {
		return
	}
	most = 0
	for _, n := range a.few[len(a.few)-agesBlock:] {
		most = max(most, n)
	}
	a.many = append(a.many, most)
}

// agesOf are those of spans that are there already.
func agesOf(spans []span) (a ages) {
	for n := agesBlock; n <= len(spans); n += agesBlock {
		a.add(spans[:n])
	}
	return a
}

// oldest is the greatest age that the data of the spans [i, j) reached; the last may still be open, or cut.
func (v *barView) oldest(i, j int) (most int64) {
	for i < j {
		switch {
		case i%(agesBlock*agesBlock) == 0 && i+agesBlock*agesBlock <= j && i/(agesBlock*agesBlock) < len(v.ages.many):
			most = max(most, v.ages.many[i/(agesBlock*agesBlock)])
			i += agesBlock * agesBlock
		case i%agesBlock == 0 && i+agesBlock <= j && i/agesBlock < len(v.ages.few):
			most = max(most, v.ages.few[i/agesBlock])
			i += agesBlock
		default:
			s := v.at(i)
			most = max(most, s.end-s.since)
			i++
		}
	}
	return most
}
