//! One conversation through two gateways of one desk: to the customer and to the agents there is no difference.

use super::desk::{ANA, CARLA, Database, Desk, reply_to};
use super::gateway::Gateway;

#[test]
fn a_conversation_that_comes_in_by_two_gateways_in_turn_is_one_ticket() {
    let desk = Desk::open(Database::Postgres);
    let second = desk.second_gateway();

    let notice = desk.request("two doors", "doors@customer.example");
    reply_to(&notice, ANA, "Which of them?").send(second.port());
    let answer = desk.mail_to(CARLA, "answer", |mail| mail.text().contains("Which of them?"));
    let ticket = desk.ticket_when("SUP-1", "awaiting-customer");
    assert_eq!((ticket["assignee"].as_str(), ticket["messages"][1]["kind"].as_str()), (Some("ana"), Some("answer")));

    desk.receive(&reply_to(&answer, CARLA, "The left one."));
    desk.ticket_when("SUP-1", "open");
    let reply = desk.mail_to(ANA, "reply", |mail| mail.text().contains("The left one."));
    assert_eq!(reply.must("Reply-To"), notice.must("Reply-To"), "Ana's address for this ticket, whichever gateway made it");

    reply_to(&reply, ANA, "#close").send(second.port());
    desk.ticket_when("SUP-1", "closed");
    desk.settle();
    let show = |gateway: &Gateway| gateway.json(&["ticket", "show", "SUP-1", "--json"]);
    assert_eq!(show(&desk.gateway), show(&second));
    let list = |gateway: &Gateway| gateway.json(&["ticket", "list", "--json", "--all"]);
    assert_eq!((list(&desk.gateway).len(), list(&desk.gateway)), (1, list(&second)));
}
