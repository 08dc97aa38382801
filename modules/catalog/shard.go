package catalog

import "hash/fnv"

// Shards is the number of logical shards. It never changes: it is part of every id.
const Shards = 1 << shardBits

const shardBits = 10

// ShardOf gives the logical shard (0 to 1023) of a title by its first author's name, so that an author's titles stay
// together: FNV-1a of the folded name, folded once more to ten bits. The function is fixed for ever, and its test vectors
// with it, since it is part of every id that was given out.
func ShardOf(firstAuthor string) int16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(Fold(firstAuthor)))
	sum := h.Sum32()
	return int16((sum>>20 ^ sum>>10 ^ sum) & (Shards - 1))
}

// NewID makes an id from a number of the sequence and a shard: number << 10 | shard. Ids stay below 2^53, so that every
// JSON reader keeps them exactly.
func NewID(number int64, shard int16) int64 { return number<<shardBits | int64(shard) }

// ShardOfID reads the shard from an id: the id alone says where to look.
func ShardOfID(id int64) int16 { return int16(id & (Shards - 1)) }

// MaxID is the largest id that a caller can ask for.
const MaxID = 1<<53 - 1
