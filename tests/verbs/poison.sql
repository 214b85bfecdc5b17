-- What a terminal would obey (set the title, clear the screen, turn the text around, delete) in every column that strangers may fill.
CREATE TEMP TABLE poison AS SELECT char(27) || ']0;owned' || char(7) || char(155) || '2J' || char(8238) || 'x' || char(127) AS p;
UPDATE ticket SET subject = (SELECT p FROM poison), requester_name = (SELECT p FROM poison), requester_address = (SELECT p FROM poison),
                  status = (SELECT p FROM poison), priority = (SELECT p FROM poison), origin = (SELECT p FROM poison),
                  visibility = (SELECT p FROM poison), assignee = (SELECT p FROM poison), department = (SELECT p FROM poison);
UPDATE follower SET name = (SELECT p FROM poison), address = (SELECT p FROM poison);
UPDATE relation SET kind = (SELECT p FROM poison);
UPDATE message SET kind = (SELECT p FROM poison), author_name = (SELECT p FROM poison), author_address = (SELECT p FROM poison),
                   message_id = (SELECT p FROM poison), subject = (SELECT p FROM poison), text = (SELECT p FROM poison),
                   quoted = (SELECT p FROM poison);
UPDATE attachment SET name = (SELECT p FROM poison), media_type = (SELECT p FROM poison), content_id = (SELECT p FROM poison);
UPDATE event SET actor = (SELECT p FROM poison), kind = (SELECT p FROM poison), old = (SELECT p FROM poison), new = (SELECT p FROM poison);
UPDATE arrival SET department = (SELECT p FROM poison), sender = (SELECT p FROM poison), recipients = (SELECT p FROM poison),
                   source = (SELECT p FROM poison), peer_ip = (SELECT p FROM poison), peer_helo = (SELECT p FROM poison),
                   last_error = (SELECT p FROM poison), outcome = (SELECT p FROM poison), cause = (SELECT p FROM poison),
                   authenticity = (SELECT p FROM poison), message_id = (SELECT p FROM poison), subject = (SELECT p FROM poison),
                   reasons = (SELECT p FROM poison), defects = (SELECT p FROM poison);
UPDATE outbox SET event = (SELECT p FROM poison) || id, recipient = (SELECT p FROM poison), message_id = (SELECT p FROM poison),
                  sender = (SELECT p FROM poison), destination = (SELECT p FROM poison), state = (SELECT p FROM poison), last_error = (SELECT p FROM poison);
INSERT INTO letter (outbox, head, parts, tail)
  SELECT 2, 'From: ' || p || ' <s@desk.example.org>' || char(10) || 'Subject: ' || p || char(10) || char(10) || p || char(10), '[]', '' FROM poison;
