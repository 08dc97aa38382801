package catalog

import "testing"

// The vectors are fixed: a change here would lose every title that was ever numbered.
func TestShardVectors(t *testing.T) {
	for name, want := range map[string]int16{
		"":               755,
		"Nguyễn Du":      167,
		"Jane Austen":    809,
		"Vũ Trọng Phụng": 495,
		"Leo Tolstoy":    796,
		"紅樓夢":            486,
	} {
		if got := ShardOf(name); got != want {
			t.Errorf("ShardOf(%q) = %d, want %d", name, got, want)
		}
	}
	if ShardOf("Nguyễn Du") != ShardOf("nguyen  du") {
		t.Error("the shard depends on marks or case")
	}
}

func TestIDsCarryTheirShard(t *testing.T) {
	for _, number := range []int64{1, 2, 1 << 20, MaxID >> shardBits} {
		for _, shard := range []int16{0, 1, 511, 1023} {
			id := NewID(number, shard)
			if ShardOfID(id) != shard || id > MaxID || id>>shardBits != number {
				t.Errorf("NewID(%d, %d) = %d", number, shard, id)
			}
		}
	}
}
