-- One ticket with everything that can be on it, the ticket it continues, and a mail that is held.
-- 1700000000 s is 2023-11-14T22:13:20Z.
INSERT INTO raw (id, sha256, octets) VALUES
  (1, x'00', CAST('Subject: Printer' || char(13) || char(10) || char(13) || char(10) || char(27) || '[2Jon fire' AS BLOB)),
  (2, x'01', x'00FF0A0D');

INSERT INTO arrival (id, raw_id, department, sender, recipients, source, peer_ip, peer_helo, peer_tls, size, received_at, attempts,
                     last_error, outcome, cause, ticket, authenticity, message_id, subject, reasons, defects, decided_at) VALUES
  (17, 1, 'support', 'karin@kunde.example', 'help@shop.example' || char(10) || 'support@desk.example.org', 'smtp', '192.0.2.1',
   'mail.kunde.example', 1, 2048, 1700000000000000, 1, NULL, 'request', NULL, 1042, 'unproven', 'first@kunde.example', 'Printer',
   'it was sent to help@shop.example' || char(10) || 'it names no ticket of ours', 'a header field without a colon', 1700000001000000),
  (18, 2, 'support', NULL, 'support@desk.example.org', 'pipe', NULL, NULL, 0, 4, 1700000100000000, 3, 'the parser stopped', 'held',
   'failed-repeatedly', NULL, 'unproven', NULL, NULL, 'three attempts failed', NULL, 1700000200000000),
  (19, 1, 'support', 'ana@agents.example', 'support@desk.example.org', 'smtp', NULL, NULL, 0, 900, 1700000300000000, 1, NULL, 'note',
   NULL, 1042, 'trusted-network', 'note@agents.example', 'Re: Printer', 'the token is of the agent', NULL, 1700000301000000),
  (20, 1, 'support', 'karin@kunde.example', 'help@shop.example', 'smtp', NULL, NULL, 0, 5, 1700000400000000, 0, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, assignee,
                    mailbox, first_message_id, last_message_id, due_at, created_at, updated_at, closed_at) VALUES
  (17, 'former', 'Printer smells', 'closed', 'low', 'email', 'external', '', 'karin@kunde.example', NULL, 'help@shop.example', NULL,
   NULL, NULL, 1600000000000000, 1600000000000000, 1600000001000000),
  (1042, 'support', 'Printer', 'open', 'medium', 'email', 'external', 'Karin Kunde', 'karin@kunde.example', 'ana', 'help@shop.example',
   'first@kunde.example', 'first@kunde.example', NULL, 1700000000000000, 1700000300000000, NULL);
INSERT INTO relation (ticket, other, kind) VALUES (1042, 17, 'follow-up');
INSERT INTO follower (ticket, address, name, since) VALUES (1042, 'chef@kunde.example', 'Chef', 1700000000000000);

INSERT INTO message (arrival, ticket, kind, public, author_name, author_address, author_agent, at, message_id, subject, text, quoted,
                     authenticated) VALUES
  (17, 1042, 'request', 1, 'Karin Kunde', 'karin@kunde.example', NULL, 1700000000000000, 'first@kunde.example', 'Printer',
   'It is on fire.', '> an old mail' || char(10) || '> of ours', 0),
  (19, 1042, 'note', 0, 'Ana', NULL, 'ana', 1700000300000000, NULL, 'Re: Printer', 'She means the toaster.', '', 1);
INSERT INTO attachment (message, position, name, media_type, size, sha256, inline, content_id, encoding, raw_start, raw_end) VALUES
  (17, 0, 'fire.png', 'image/png', 12345, x'00ff', 1, 'fire@kunde.example', 'base64', 10, 20);
INSERT INTO event (id, ticket, at, actor, kind, old, new) VALUES
  (1, 1042, 1700000000000000, 'karin@kunde.example', 'created', NULL, NULL),
  (2, 1042, 1700000300000000, 'ana', 'status', 'new', 'open');

INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, attempts,
                    next_attempt_at, last_error, created_at, settled_at) VALUES
  (1, 1042, 17, 'acknowledgement', 'Karin@kunde.example', 'karin@kunde.example', 's@desk.example.org', 'n1@desk.example.org',
   'sent', 1, 1700000001000000, NULL, 1700000001000000, 1700000002000000),
  (2, 1042, 17, 'request', 'ana@agents.example', 'ana@agents.example', 's@desk.example.org', 'n2@desk.example.org', 'due', 2,
   1700090000000000, '451 try later', 1700000001000000, NULL),
  (3, 1042, 17, 'request', 'boris@agents.example', 'boris@agents.example', 's@desk.example.org', 'n3@desk.example.org',
   'leased', 1, 1700003700000000, NULL, 1700000001000000, NULL),
  (4, NULL, 18, 'receipt', 'ana@agents.example', 'ana@agents.example', 's@desk.example.org', 'n4@desk.example.org', 'failed', 9,
   1700000001000000, '550 no such user', 1700000001000000, 1700000002000000),
  (5, NULL, 19, 'receipt', 'ana@agents.example', 'ana@agents.example', 's@desk.example.org', 'n5@desk.example.org', 'dropped', 0,
   1700000001000000, NULL, 1700000001000000, 1700000002000000);
