import type { Frame } from './text.ts';
import type { Texts } from './texts.ts';

export const frame: Frame = {
  greeting: 'Bonjour,',
  reason: 'Vous recevez ce message parce que vous avez un compte chez {shop}.',
  unsubscribe: 'Pour ne plus recevoir d’e-mails de ce type, ouvrez cette adresse :',
  unsubscribed: {
    subject: 'Vous ne recevrez plus d’e-mails de ce type',
    text: ['Vous pouvez les réactiver dans les paramètres de votre compte.'],
  },
  confirmUnsubscribe: {
    subject: 'Ne plus recevoir d’e-mails de ce type ?',
    text: ['Les avis de ce type restent dans votre compte.'],
    button: 'Se désabonner',
  },
  invalidLink: {
    subject: 'Cette adresse n’est pas complète',
    text: ['Ouvrez-la de nouveau depuis l’e-mail, ou changez les paramètres de votre compte.'],
  },
};

const setPassword = 'choisissez tout de suite un nouveau mot de passe (POST /v1/auth/forgot-password)';
const longCode = 'Si les chiffres sont refusés parce que quelqu’un d’autre a fait trop d’essais, saisissez plutôt ce code : {long}';

export const texts: Texts = {
  code: {
    subject: 'Votre code de confirmation',
    text: [
      '{code} est votre code de confirmation.',
      'Il confirme cette adresse e-mail pour le compte {username} et reste valable 15 minutes. Saisissez-le seulement si vous avez ouvert ce compte vous-même ; sinon, ignorez ce message et rien ne se passera.',
      longCode,
    ],
  },
  'already-known': {
    subject: 'Vous avez déjà un compte',
    text: [
      'Quelqu’un, peut-être vous, a essayé d’ouvrir un compte avec cette adresse e-mail. Elle appartient déjà au compte {username} : connectez-vous avec celui-ci, ou changez son mot de passe.',
      'Si ce n’était pas vous, vous n’avez rien à faire : votre compte n’a pas changé.',
    ],
  },
  'reset-code': {
    subject: 'Votre code pour un nouveau mot de passe',
    text: [
      '{code} est votre code pour un nouveau mot de passe.',
      'Il permet de choisir un nouveau mot de passe pour le compte {username} et reste valable 15 minutes. Si vous ne l’avez pas demandé, ignorez ce message : votre mot de passe ne change pas.',
      longCode,
    ],
  },
  'new-password': {
    subject: 'Votre mot de passe a changé',
    text: [
      'Le compte {username} a un nouveau mot de passe, et ses autres sessions sont terminées.',
      `Si ce n’était pas vous, ${setPassword}.`,
    ],
  },
  'email-changed': {
    subject: 'Votre adresse e-mail a changé',
    text: [
      'Cette adresse n’est plus celle du compte {username} : une autre a été donnée, ou elle a été retirée. Les codes et les messages n’arrivent plus ici.',
      'Si ce n’était pas vous, connectez-vous tout de suite comme {username}, choisissez un nouveau mot de passe (POST /v1/auth/change-password) et remettez votre adresse (PATCH /v1/customers/{username}). Si vous ne pouvez plus vous connecter, écrivez au responsable de cette boutique.',
    ],
  },
  'second-factor-enrolled': {
    subject: 'Un second facteur a été ajouté à votre compte',
    text: [
      'Le compte {username} a maintenant un second facteur : pour se connecter, il faut aussi un code de l’application d’authentification.',
      `Si ce n’était pas vous, ${setPassword} et écrivez au responsable de cette boutique : lui seul peut retirer le second facteur pour vous.`,
    ],
  },
  'second-factor-removed': {
    subject: 'Le second facteur de votre compte a été retiré',
    text: [
      'Le compte {username} n’a plus de second facteur, et ses codes de secours ne valent plus rien : le mot de passe seul suffit.',
      `Si ce n’était pas vous, ${setPassword} et enregistrez de nouveau votre application d’authentification (POST /v1/auth/mfa/totp).`,
    ],
  },
  'second-factor-taken-away': {
    subject: 'Le second facteur de votre compte a été enlevé par la boutique',
    text: [
      'Le responsable de cette boutique a enlevé le second facteur du compte {username}, parce qu’on lui a dit qu’il est perdu. Ses codes de secours ne valent plus rien, ses sessions sont terminées, et le mot de passe seul suffit.',
      `Si ce n’était pas votre demande, ${setPassword}, enregistrez de nouveau votre application d’authentification (POST /v1/auth/mfa/totp) et écrivez au responsable de cette boutique.`,
    ],
  },
  'recovery-code-used': {
    subject: 'Un code de secours a été utilisé',
    text: [
      'Un code de secours du compte {username} a été utilisé à la place d’un code de son application d’authentification. Codes restants : {left}.',
      'C’était le dernier : créez-en de nouveaux (POST /v1/auth/mfa/totp/recovery-codes) tant que vous avez l’application.{last}',
      `Si ce n’était pas vous, quelqu’un a vos codes de secours : ${setPassword}, puis créez-en de nouveaux (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  'recovery-codes-renewed': {
    subject: 'Vos codes de secours ont été remplacés',
    text: [
      'Le compte {username} a dix nouveaux codes de secours, et les anciens ne valent plus rien.',
      `Si ce n’était pas vous, ${setPassword}, puis créez-en de nouveaux vous-même (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  linked: {
    subject: 'Votre compte s’ouvre aussi d’une autre façon',
    text: [
      'On peut maintenant se connecter au compte {username} avec {provider}, qui dit que cette adresse est la vôtre. Le mot de passe n’a pas changé.',
      'Si ce n’était pas vous, quelqu’un y a un compte à votre nom : écrivez au responsable de cette boutique, qui peut suspendre le compte jusqu’à ce que ce soit clair.',
    ],
  },

  'order-placed': { subject: 'Votre commande est passée', text: ['Merci. Votre commande {order} est passée.', 'Total : {total}'] },
  'order-packed': { subject: 'Votre commande est emballée', text: ['Votre commande {order} est emballée et part chez le transporteur.'] },
  'order-shipped': {
    subject: 'Votre commande est en route',
    text: ['Votre commande {order} est en route.', 'Transporteur : {carrier}', 'Numéro de suivi : {tracking}'],
  },
  'order-delivered': {
    subject: 'Votre commande est livrée',
    text: [
      'Votre commande {order} est livrée.',
      'S’il manque quelque chose ou si un article est cassé, demandez un retour dans les 14 jours.',
    ],
  },
  // the subjects are those that other APIs promise (src/dialects): the same in every language
  'order-placed.platform': { subject: 'Order Placed', text: ['Merci. Votre commande {order} est passée.', 'Total : {total}'] },
  'order-packed.platform': { subject: 'Order Packed', text: ['Votre commande {order} est emballée et part chez le transporteur.'] },
  'order-delivered.platform': { subject: 'Order Delivered', text: ['Votre commande {order} est livrée.'] },
  'order-shipped.microservices': { subject: '{product} now shipping', text: ['{product} de votre commande {order} est en route.'] },
  'order-cancelled': {
    subject: 'Votre commande est annulée',
    text: ['Votre commande {order} est annulée. Ce qui a été payé vous est rendu.'],
  },
  'order-refunded': {
    subject: 'Vous êtes remboursé',
    text: ['Pour votre commande {order}, vous recevez : {amount}', 'L’argent est dans votre portefeuille.'],
  },
  'return-accepted': { subject: 'Votre retour est accepté', text: ['Le retour de votre commande {order} est accepté.'] },
  'return-refused': { subject: 'Votre retour est refusé', text: ['Le retour de votre commande {order} est refusé.'] },
  sold: { subject: 'Vous avez vendu', text: ['La commande {order} contient de vos produits.', 'Somme de vos produits : {total}'] },
  'sale-cancelled': {
    subject: 'Une vente a été annulée',
    text: ['La commande {order} a été annulée. N’envoyez pas vos produits. Ils sont de nouveau en stock.'],
  },
  'return-requested': {
    subject: 'Un acheteur demande un retour',
    text: ['L’acheteur de la commande {order} demande à retourner de vos produits. Acceptez ou refusez.'],
  },
  'payout-sent': { subject: 'Votre versement est parti', text: ['Votre versement est parti : {amount}'] },
  'payout-failed': {
    subject: 'Votre versement a échoué',
    text: ['Votre versement a échoué : {amount}', 'L’argent est revenu sur votre compte.'],
  },
  'payout-waiting': {
    subject: 'Votre versement attend une approbation',
    text: ['Une seconde personne doit approuver votre versement : {amount}'],
  },
  'review-decided.published': { subject: 'Votre avis est public', text: ['Votre avis sur {product} a été lu et il est public.'] },
  'review-decided.removed': {
    subject: 'Votre avis a été retiré',
    text: ['Votre avis sur {product} a été lu et n’est pas affiché.', 'Raison : {reason}'],
  },
  'product-decided.approved': { subject: 'Votre produit est public', text: ['{product} est approuvé et en vente.'] },
  'product-decided.rejected': { subject: 'Votre produit est refusé', text: ['{product} est refusé.', 'Raison : {reason}'] },
  'cleaned-up.product': {
    subject: 'Votre produit est supprimé',
    text: ["{product} est supprimé, car l'image que vous aviez annoncée n'est pas arrivée. Ajoutez-le de nouveau avec son image."],
  },
  'cleaned-up.category': {
    subject: 'Votre catégorie est supprimée',
    text: ["La catégorie {category} est supprimée, car l'image que vous aviez annoncée n'est pas arrivée."],
  },
  'cleaned-up.product-refused': {
    subject: 'Votre produit est supprimé',
    text: [
      '{product} est supprimé, car l’image que vous aviez annoncée est refusée. Ajoutez-le de nouveau avec une autre image.',
      'Raison : {reason}',
    ],
  },
  'cleaned-up.category-refused': {
    subject: 'Votre catégorie est supprimée',
    text: ['La catégorie {category} est supprimée, car l’image que vous aviez annoncée est refusée.', 'Raison : {reason}'],
  },
  'upload-refused': { subject: 'Votre fichier est refusé', text: ['{reason}', 'Fichier : {file}', 'Produit : {product}'] },
  'stock-low': { subject: 'Un produit est presque épuisé', text: ['{product} : unités restantes : {available}'] },
  'back-in-stock': { subject: 'Un de vos favoris est de nouveau disponible', text: ['{product} est de nouveau en stock.'] },
  'price-fell': { subject: 'Le prix d’un de vos favoris a baissé', text: ['{product} coûte maintenant {to} (avant : {from}).'] },
  'webhook-paused': {
    subject: 'Votre webhook est en pause',
    text: [
      '{host} n’accepte plus rien depuis longtemps, ou a répondu ne plus rien vouloir. Rien n’y est envoyé tant que vous ne le réactivez pas.',
    ],
  },
  'channel-stopped.email': {
    subject: 'Nous ne pouvons pas vous joindre par e-mail',
    text: ['Votre serveur de messagerie refuse votre adresse. Plus rien n’y est envoyé. Donnez une autre adresse dans votre compte.'],
  },
  'channel-stopped.sms': {
    subject: 'Nous ne pouvons pas vous joindre par SMS',
    text: ['Votre numéro a été refusé. Plus rien n’y est envoyé. Donnez un autre numéro dans votre compte.'],
  },
};

/** Why a file was refused. */
export const phrases = {
  'never-arrived': 'Le fichier n’est pas arrivé à temps. Annoncez-le de nouveau.',
  empty: 'Le fichier est vide.',
  'wrong-size': 'Le fichier n’a pas la taille annoncée.',
  'wrong-type': 'Le fichier n’est pas du type annoncé.',
  'not-an-image': 'Le fichier n’est pas une image qui peut être affichée : envoyez un JPEG, PNG, WebP, AVIF ou GIF.',
  truncated: 'Le fichier s’arrête trop tôt ou est abîmé.',
  animated: 'L’image est animée : envoyez une image fixe.',
  'trailing-data': 'Autre chose est caché derrière la fin du fichier : une page, un script, un document ou une archive.',
  'too-many-pixels': 'L’image a plus de 50 millions de pixels, ou un côté de plus de 16 000.',
  inappropriate: 'L’image montre ce qui ne peut pas être montré ici.',
  'not-fetched': 'L’image n’a pas pu être lue à son adresse.',
  'not-a-document': 'Le fichier n’est pas un PDF.',
  'active-content':
    'Le document contient des scripts, des actions ou d’autres fichiers, ou il est chiffré : envoyez un document qui montre seulement ses pages.',
  'no-longer-needed':
    'Le fichier n’est plus montré : un autre l’a remplacé, il a été retiré ou n’a pas été approuvé, ou ce à quoi il servait n’existe plus.',
};
