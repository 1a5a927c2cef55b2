DROP TABLE steps;
ALTER TABLE orders DROP subject, DROP request_id;
