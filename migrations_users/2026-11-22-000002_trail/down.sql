ALTER TABLE events DROP subject, DROP request_id;
