package database

// usualKeys is how many elements PostgreSQL supposes in an array that it does not know.
const usualKeys = 10

// Keys gives keys for "= ANY ($1)" of a statement that is prepared and asked all the time: fewer than ten are repeated. A plan for the very
// keys of one call looks cheaper to PostgreSQL than one for any array as long as these are fewer than it supposes, so it would plan
// each call anew, which takes longer than looking the rows up. What stands in an array twice is looked up once.
func Keys[T any](keys []T) []T {
	if len(keys) == 0 || len(keys) >= usualKeys {
		return keys
	}
	all := make([]T, usualKeys)
	for i := range all {
		all[i] = keys[min(i, len(keys)-1)]
	}
	return all
}
