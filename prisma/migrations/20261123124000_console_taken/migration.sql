-- Who comes to write to a console has done something.
ALTER TYPE "event_kind" ADD VALUE 'CONSOLE_TAKEN' BEFORE 'TOKEN_CREATED';
