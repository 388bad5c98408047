-- rule: mysql-table-copy
-- bad mysql: another type
ALTER TABLE orders MODIFY amount BIGINT;
-- bad mysql: another character set
ALTER TABLE orders CONVERT TO CHARACTER SET utf8mb4;
-- bad mysql: another engine
ALTER TABLE orders ENGINE = InnoDB;
-- bad mysql: said so
ALTER TABLE orders ADD COLUMN memo TEXT, ALGORITHM=COPY;
-- bad mysql: without a primary key
ALTER TABLE orders DROP PRIMARY KEY;
-- good mysql: in place, or not at all
ALTER TABLE orders ADD COLUMN memo TEXT, ALGORITHM=INPLACE, LOCK=NONE;

-- rule: mysql-lock
-- bad mysql: on purpose
LOCK TABLES orders WRITE;
-- bad mysql: nobody writes meanwhile
ALTER TABLE orders ADD INDEX by_amount (amount), LOCK=SHARED;
-- good mysql: beside the others
ALTER TABLE orders ADD INDEX by_amount (amount), LOCK=NONE;
