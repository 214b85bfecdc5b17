//! The small words of the languages that are built in, and what only their neighbours have. Without marks on letters, as `folded` leaves
//! them: people leave marks out, and a mail in Romanian without them is Romanian.

use std::collections::HashSet;
use std::sync::LazyLock;

use whatlang::Lang;

/// By what a language is known.
struct Habits {
    /// What texts may call it, the best name first.
    names: &'static [&'static str],
    /// What the other witness calls it.
    code: Lang,
    /// Small words that the languages next to it do not have, or have less.
    words: &'static str,
    /// Beginnings of words of which there must be one, where its small words are those of a neighbour, too.
    telling: &'static str,
    /// Words that only the languages next to it have.
    foreign: &'static str,
    /// Letters that only those have, in lower case.
    foreign_letters: &'static str,
}

/// The same, to look words up in.
pub(super) struct Known {
    pub(super) names: &'static [&'static str],
    pub(super) code: Lang,
    pub(super) words: HashSet<&'static str>,
    pub(super) telling: Vec<&'static str>,
    pub(super) foreign: HashSet<&'static str>,
    pub(super) foreign_letters: &'static str,
}

/// Every language whose small words are known.
pub(super) static LANGUAGES: LazyLock<Vec<Known>> = LazyLock::new(|| HABITS.iter().map(Known::of).collect());

impl Known {
    fn of(habits: &Habits) -> Self {
        Self {
            names: habits.names,
            code: habits.code,
            words: habits.words.split_whitespace().collect(),
            telling: habits.telling.split_whitespace().collect(),
            foreign: habits.foreign.split_whitespace().collect(),
            foreign_letters: habits.foreign_letters,
        }
    }
}

const HABITS: &[Habits] = &[
    // Beside it: Dutch, Afrikaans, Scots, German, and names of products in any language.
    Habits {
        names: &["en"],
        code: Lang::Eng,
        words: "the and is are was were my your you we it this that not have has had with from for of to would could can please thank \
            thanks when what which how there been but or our they will do does did i hello regards if any about still since after",
        telling: "",
        foreign: "het een niet ik ek nie jou und der die das ist nicht ich le la les je est pas une el los que och det jeg ikke inte wat \
            wij mijn bitte danke merci gracias jag aye wisnae dinnae cannae og som ons asseblief",
        foreign_letters: "åßøñ",
    },
    // Beside it: Italian, Spanish, Catalan, French, Aromanian.
    Habits {
        names: &["ro"],
        code: Lang::Ron,
        words: "si sa nu ca din pe cu la am ati va rog este sunt mai pentru care fost imi ne dar cand buna ziua multumesc mi mea meu \
            un o dupa inca fi cum daca de doresc vreau primit poate puteti stima noi unde foarte acum ieri fara sau aceasta acest \
            doar",
        telling: "",
        foreign: "ik het een van zodra que el los las por il che di gli sono per non une les est pas dans con una del della ho grazie \
            gracias merci amb els tini easti shi nji dit ti hai",
        foreign_letters: "ñãõåßøčšžł¿¡",
    },
    // Beside it: Serbian in Latin letters, Bosnian, Slovene, Slovak. What Croatian shares with Bosnian stands in `words`.
    Habits {
        names: &["hr"],
        code: Lang::Hrv,
        words: "sto tko netko nitko gdje uvijek tjedan tjedna tjednu jucer prije vrijeme takoder nije sam bih li mi se mogu mozete \
            molim zelim zeljela zelio kako ali vas vasu nisam jos ne vec ili kada postovani hvala dobio dobila primio primila \
            unaprijed lijep srdacan pozdrav je ovaj ova ovo da za na od bi nakon tijekom tocno racun cijena ako tvrtka tvrtke \
            sustav kojem kojoj mjesec mjeseca novi dan",
        telling: "narudzb tvrtk tjed tocn netocn mjesec mjest prije poslije vrijem vrije uvijek gdje ovdje nigdje negdje dvije cijen \
            rijesi rjesen slijede sljede zeljel htjel vidje primije primjet jucer tko nitko netko takoder unaprijed lijep ljep \
            djel dio provjer obavijest razumij razumje promijen promjen zamijen zamjen bijel uopce opcen opci sijecnj veljac ozujk \
            travnj svibnj lipnj srpnj kolovoz rujn listopad studen prosin kuhal zaprim sukladn poveznic zaslon preglednik racunal \
            izvijest izvjes sustav tijekom posjet nedjelj ponedjelj srijed podnijel donijel odnijel savjet uvjet namjest namjer \
            vjerojat svjet svijet dijel umjesto",
        foreign: "deo promenim promeniti promenite promenu martu januaru februaru aprilu maju junu julu avgustu septembru oktobru novembru decembru kancelariju kancelarija \
            kancelariji kancelarije sajt sajtu sajta komsija komsije komsiju ves hiljade opcinu saobracaj fabrika sta ko neko niko \
            gde uvek juce pre vreme takodje takode nedelja nedelje nedelju sedmica sedmice sedmicu hiljada hiljadu tacno taacno \
            cena cenu mesec meseca meseci lep lepo unapred ovde nigde svde dve posle resenje resiti sledece sledeci porudzbina \
            porudzbinu porudzbine vreli htela hteo zelela zeleo obavestenje uputstvo januar januara februar februara marta april \
            aprila maj maja juna jula avgust avgusta septembar septembra oktobar oktobra novembar novembra decembar decembra firma \
            firme firmu sistem sistemu kompjuter racunovodja historija lahko kahva proslov hljeb saradnja saradnju saradnji \
            ucestvovati vjerovatno verovatno opsti opsta opste hemija sedmicno ponedeljak sredu nedeljak proveriti proverite \
            primetila primetio videla video odgovorte umesto delimicno mesto mestu bicu bice uredjaj sem ki kaj prosim zelo vendar \
            tudi kdaj kje pri bil ni nisem potrebujem naročila narocilo pozdravljeni spostovani ze kot danes vceraj in som \
            ktory ktora alebo dakujem dekuji jsem jak nebo aby jeste este",
        foreign_letters: "ěřůťďňľĺŕôäęąłżź",
    },
    // Beside it: Russian, Macedonian, Serbian, Ukrainian.
    Habits {
        names: &["bg"],
        code: Lang::Bul,
        words: "и да на не за от се с със във в ще съм са е ме ви ми моля благодаря че как какво кои която кога още но или ли това \
            този тази вече след преди при имам няма може можете искам здравеите поздрави уважаеми бих до така беше би днес вчера \
            сте по ако ни сме нов защо",
        telling: "",
        foreign: "что вы мы меня мне это был была уже очень если пожалуиста спасибо здравствуите вас у к ко еще нет есть можно моего \
            только когда ве сум што ке од во со благодарам можам ова овои тоа дека како шта сам молим хвала нисам та що буде дякую \
            ласка",
        foreign_letters: "ыэёіїєґјљњќѓѕџћђўӣ",
    },
    // Beside it: Spanish, Galician, Catalan. The Portuguese of Portugal is Portuguese.
    Habits {
        names: &["pt", "pt-BR"],
        code: Lang::Por,
        words: "nao voce voces uma um com e o a os as do da no na em que para por meu minha obrigado obrigada ola bom boa estou esta \
            foi ao mais mas ja ate muito ainda como quando gostaria preciso favor pelo pela isso meus sem ou tenho fazer recebi de \
            seu sua bem agradeco atenciosamente poderia podem sao dia comprei depois ha se",
        telling: "",
        foreign: "dejo despues veces pasado dous cando lles iso canto cantos telefono ninguen agardo agardando escribo contesta cun cunha dun dunha nun nunha algun \
            algunha ningunha tamen fan custan custaria tenda peza saudos saudo el los las una y con pero muy gracias hola estoy es \
            del al lo mi su sin usted ustedes hay cuando tengo hace buenos yo un unha coa coas cos polo pola dende moi grazas non \
            ti mina xa ata unhas hai teno fixen ven bo estan ese dous gustariame poden recibin mercar mercei amb els les per i \
            aixo gracies",
        foreign_letters: "ñ¿¡·ł",
    },
    // Nothing is beside it.
    Habits {
        names: &["hu"],
        code: Lang::Hun,
        words: "a az es hogy nem egy van volt kerem koszonom koszonettel szeretnek meg csak ezt azt is de mar ha vagy udvozlettel \
            tisztelt mert amit ami mi en lehet nekem ez el ki jo napot kivanok mikor hol hogyan sajnos kell mint sem nincs tudom \
            tudnak be kaptam vettem rendeltem utan ota onok on szia uj egyutt",
        telling: "",
        foreign: "und der la que ja ei",
        foreign_letters: "ñåßøãõčšžłșțăî",
    },
];
