package sqlite

import (
	"sync"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// recentSize is how many known dossiers are kept opened: more than are being delivered at a time.
const recentSize = 128

// recent keeps what was read or written of MLP's dossiers lately, decrypted and decoded: delivering reads one when it claims and again
// when it settles, and what is written reads back equal (casefile's tests). It is found by person and by the digest of its content, which the ledger holds beside it: what was
// changed, by whichever transaction or process, has another digest, and what was rolled back is not asked for. All who read it share it:
// who changes one of its maps clones it first, and dossiers are replaced, never changed.
type recent struct {
	mu    sync.Mutex
	known map[recentKey]casefile.Known
	order []recentKey // oldest first
}

type recentKey struct {
	person int64
	digest string
}

func (r *recent) get(key recentKey) (casefile.Known, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.known[key]
	return k, ok
}

func (r *recent) put(key recentKey, k casefile.Known) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[recentKey]casefile.Known{}
	}
	if _, has := r.known[key]; has {
		return
	}
	if len(r.order) >= recentSize {
		delete(r.known, r.order[0])
		r.order = append(r.order[:0], r.order[1:]...)
	}
	r.known[key] = k
	r.order = append(r.order, key)
}
