-- Events come with their hash where the statement that writes them has reckoned it for all of them at once (platform/ledger). The trigger does so
-- for those that come without: who writes one by hand, and the second event of a stream in one statement.

-- +goose Up
DROP TRIGGER chain ON borrowing.events;
CREATE TRIGGER chain BEFORE INSERT ON borrowing.events FOR EACH ROW WHEN (NEW.hash IS NULL) EXECUTE FUNCTION borrowing.chain_event();

-- +goose Down
DROP TRIGGER chain ON borrowing.events;
CREATE TRIGGER chain BEFORE INSERT ON borrowing.events FOR EACH ROW EXECUTE FUNCTION borrowing.chain_event();
