//! `postdesk demo`: a whole conversation on a private gateway, over real sockets, as the people in it would see it.
//!
//! The gateway is the one that `serve` runs, in a folder of its own that is removed afterwards. The people's mail server is a second SMTP
//! door on loopback: what it takes is what stands in their mailboxes.

mod page;
mod people;
mod world;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::table::Look;
use super::{Code, Ended, Trouble, settled};
use crate::deliver::Relay;
use crate::model::mail::Mail;
use crate::run::Gateway;
use crate::settings::{self, Settings};
use crate::store::Place;
use page::Page;
use people::{ANA, BORIS, LENA, MIA, NOAH, SHOP};
use world::{Draft, World};

/// Plays the conversation.
pub async fn demo(look: Look, out: &mut dyn Write) -> Result<(), Trouble> {
    let folder = folder().map_err(|error| Trouble::new(Code::InputOutput, format!("no temporary folder: {error}")))?;
    let played = play_in(&folder, look, out).await;
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::warn!(folder = %folder.display(), %error, "the folder of the demo could not be removed");
    }
    settled(played)
}

/// A new folder that only this process knows of.
fn folder() -> std::io::Result<PathBuf> {
    let name = format!("postdesk-demo-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

async fn play_in(folder: &Path, look: Look, out: &mut dyn Write) -> Result<(), Ended> {
    let mut settings = settings::built_in().map_err(|faults| Trouble::new(Code::OurFault, faults.to_string()))?;
    let world = World::start(&settings.smtp).await?;
    private(&mut settings, folder, &world);
    let gateway = Gateway::start(&settings).await.map_err(|error| Trouble::new(Code::Unavailable, error.to_string()))?;
    let played = match gateway.addresses.first() {
        Some(address) => Play { world, gateway: &gateway, page: Page::new(look, out) }.play(*address).await,
        None => Err(Trouble::new(Code::OurFault, "the gateway listens nowhere").into()),
    };
    gateway.stop().await;
    played
}

/// The built-in configuration, but private: a store in the folder, a port of its own, and the world as its relay.
fn private(settings: &mut Settings, folder: &Path, world: &World) {
    settings.data = folder.to_owned();
    settings.key_file = folder.join("key");
    settings.store.place = Place::File(folder.join("postdesk.db"));
    settings.smtp.listen = vec![([127, 0, 0, 1], 0).into()];
    // Nobody watches it, and another gateway may have the port.
    settings.inspect.listen = Vec::new();
    settings.delivery.relay = Relay::Smtp {
        host: world.address.ip().to_string(),
        port: world.address.port(),
        security: crate::deliver::Security::Plain,
        login: None,
    };
}

struct Play<'a> {
    world: World,
    gateway: &'a Gateway,
    page: Page<'a>,
}

impl Play<'_> {
    async fn play(mut self, address: std::net::SocketAddr) -> Result<(), Ended> {
        self.world.gateway_is_at(address);
        self.page.title(&format!("postdesk demo: a customer, two agents and a follower, over real SMTP ({address})"))?;
        let (request, notice) = self.request().await?;
        let (answer, question) = self.answer(&request, &notice).await?;
        self.note(&question).await?;
        self.mistyped(&question).await?;
        self.close(&question).await?;
        self.again(&request, &answer).await?;
        self.page.history(self.gateway.store(), 1).await
    }

    /// A mail becomes a ticket.
    async fn request(&mut self) -> Result<(Mail, Mail), Ended> {
        self.page.scene("Mia writes to the shop, with a copy to Noah and to Lena, whose address is wrong")?;
        let mut draft =
            Draft::new(&MIA, SHOP, "Broken kettle", "Hello,\n\nmy kettle does not boil any more. What can I do?\n\nMia");
        draft.cc = vec![&NOAH, &LENA];
        let request = self.send(draft).await?;
        let acknowledgement = self.receive(&MIA).await?;
        self.page.received(&MIA, &acknowledgement)?;
        let notice = self.receive(&ANA).await?;
        self.page.received(&ANA, &notice)?;
        self.receive(&BORIS).await?;
        self.page.remark("Boris has the same mail. Nobody is responsible yet.")?;
        self.page.status(self.gateway.store(), 1).await?;
        Ok((request, notice))
    }

    /// An agent's reply becomes the answer, and the customer's reply comes back to the agent.
    async fn answer(&mut self, request: &Mail, notice: &Mail) -> Result<(Mail, Mail), Ended> {
        self.page.scene("Ana answers from her own mail client")?;
        let text = "Hello Mia,\n\nplease hold the button for ten seconds. Does the light come on?";
        self.send(Draft::reply(&ANA, notice, text)).await?;
        let answer = self.receive(&MIA).await?;
        self.page.received(&MIA, &answer)?;
        self.page.remark(&format!(
            "No quoted notice, no private address, and it answers her own mail: {}",
            if answer.references.contains(request.message_id.as_ref().unwrap_or(&String::new())) {
                "threaded"
            } else {
                "NOT threaded"
            }
        ))?;
        self.receive(&NOAH).await?;
        self.page.remark("Noah, who was in Cc, has it too. Lena's server refuses hers: that goes on record below.")?;
        self.page.status(self.gateway.store(), 1).await?;
        self.page.scene("Mia replies")?;
        self.send(Draft::reply(&MIA, &answer, "It blinks red, three times.")).await?;
        let question = self.receive(&ANA).await?;
        self.page.received(&ANA, &question)?;
        self.receive(&NOAH).await?;
        self.page.remark("Boris has peace: Ana is responsible. Noah has a copy.")?;
        self.page.status(self.gateway.store(), 1).await?;
        Ok((answer, question))
    }

    /// A note brings a colleague in, and stays inside.
    async fn note(&mut self, question: &Mail) -> Result<(), Ended> {
        self.page.scene("Ana asks Boris, and nobody else")?;
        self.send(Draft::reply(&ANA, question, "#note\n\n@boris, three times red: have we one left to send her?")).await?;
        let note = self.receive(&BORIS).await?;
        self.page.received(&BORIS, &note)?;
        self.receive(&ANA).await?;
        self.page.remark("Ana has a receipt. Mia and Noah received nothing, and never will.")?;
        self.page.status(self.gateway.store(), 1).await
    }

    /// What looks like a command and is not understood stops the whole mail.
    async fn mistyped(&mut self, question: &Mail) -> Result<(), Ended> {
        self.page.scene("Ana wants to close the ticket and mistypes")?;
        let text = "#clsoe\n\nThree times red: it is worn out. A new one is on its way, free of charge.";
        self.send(Draft::reply(&ANA, question, text)).await?;
        let receipt = self.receive(&ANA).await?;
        self.page.received(&ANA, &receipt)?;
        self.page.remark("Mia received nothing.")?;
        self.page.status(self.gateway.store(), 1).await
    }

    async fn close(&mut self, question: &Mail) -> Result<(), Ended> {
        self.page.scene("Ana corrects it")?;
        let text = "#close\n\nThree times red: it is worn out. A new one is on its way, free of charge.";
        self.send(Draft::reply(&ANA, question, text)).await?;
        let closing = self.receive(&MIA).await?;
        self.page.received(&MIA, &closing)?;
        self.receive(&NOAH).await?;
        self.page.remark("Noah has the same, and Ana a receipt.")?;
        self.receive(&ANA).await?;
        self.page.status(self.gateway.store(), 1).await
    }

    /// A reply in time opens the ticket again.
    async fn again(&mut self, request: &Mail, answer: &Mail) -> Result<(), Ended> {
        self.page.scene("Mia replies to an old mail, from a client that knows only the ids of her own")?;
        let mut draft = Draft::reply(&MIA, answer, "It has arrived. Thank you!");
        draft.to = SHOP.to_owned();
        draft.in_reply_to.clone_from(&request.message_id);
        self.send(draft).await?;
        let thanks = self.receive(&ANA).await?;
        self.page.received(&ANA, &thanks)?;
        self.page.status(self.gateway.store(), 1).await
    }

    async fn send(&mut self, draft: Draft<'_>) -> Result<Mail, Ended> {
        let mail = self.world.send(&draft).await?;
        self.page.sent(draft.from, &mail)?;
        Ok(mail)
    }

    async fn receive(&mut self, person: &people::Person) -> Result<Mail, Ended> {
        Ok(self.world.receive(person).await?)
    }
}
