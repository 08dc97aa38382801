package seeding

import (
	"math"
	"math/rand/v2"
	"sort"
)

// zipf picks one of n things, the first ones far more often: the r-th (from 0) in proportion to 1/(r+q)^s. math/rand's own
// needs s above 1, and the words of titles and the works of authors are below it.
type zipf struct {
	sums  []float64
	guide []int32 // where to begin looking for a number, by its first bits: most picks need no search
}

const guideBits = 10

// newZipf makes the distribution of n things with exponent s and shift q.
func newZipf(n int, s, q float64) zipf {
	weights := make([]float64, n)
	for r := range weights {
		weights[r] = math.Pow(float64(r)+q, -s)
	}
	return weighted(weights)
}

// weighted makes a distribution of any weights.
func weighted(weights []float64) zipf {
	z := zipf{sums: make([]float64, len(weights)), guide: make([]int32, 1<<guideBits+1)}
	total := 0.0
	for i, w := range weights {
		total += w
		z.sums[i] = total
	}
	for i := range z.sums {
		z.sums[i] /= total
	}
	for g := range z.guide {
		z.guide[g] = int32(min(len(weights)-1, sort.SearchFloat64s(z.sums, float64(g)/(1<<guideBits))))
	}
	return z
}

func (z *zipf) pick(r *rand.Rand) int {
	u := r.Float64()
	g := int(u * (1 << guideBits))
	low, high := int(z.guide[g]), int(z.guide[g+1])
	return low + sort.SearchFloat64s(z.sums[low:high+1], u)
}

// share gives how many of total things fall to each of n, the first ones more, so that the sum is exactly total.
func share(n, total int, s, q float64) func(i int) int {
	z := newZipf(n, s, q)
	upTo := func(i int) int {
		if i < 0 {
			return 0
		}
		return int(math.Round(z.sums[i] * float64(total)))
	}
	return func(i int) int { return upTo(i) - upTo(i-1) }
}

// scatter is a permutation of 0 to n-1 that puts neighbours far apart, so that what is frequent is not also what is first.
func scatter(i, n int) int {
	step := n*618/1000 | 1
	for gcd(step, n) != 1 {
		step += 2
	}
	return int(int64(i) * int64(step) % int64(n))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
