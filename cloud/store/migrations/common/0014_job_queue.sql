-- migrate:up
-- Which of the job queue package's own migrations are in this database; job_queue.py applies them from the installed package.
CREATE TABLE job_queue_migration (name text PRIMARY KEY);

-- migrate:down
