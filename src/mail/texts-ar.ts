import type { Frame } from './text.ts';
import type { Texts } from './texts.ts';

export const frame: Frame = {
  greeting: 'مرحبا،',
  reason: 'وصلتك هذه الرسالة لأن لديك حسابا لدى {shop}.',
  unsubscribe: 'لإيقاف رسائل البريد من هذا النوع، افتح هذا العنوان:',
  unsubscribed: { subject: 'لن تصلك رسائل بريد من هذا النوع', text: ['يمكنك تفعيلها من جديد في إعدادات حسابك.'] },
  confirmUnsubscribe: {
    subject: 'هل تريد إيقاف رسائل البريد من هذا النوع؟',
    text: ['تبقى الإشعارات من هذا النوع في حسابك.'],
    button: 'إلغاء الاشتراك',
  },
  invalidLink: { subject: 'هذا العنوان غير كامل', text: ['افتحه من جديد من رسالة البريد، أو غيّر إعدادات حسابك.'] },
};

const setPassword = 'فعيّن كلمة مرور جديدة حالا (POST /v1/auth/forgot-password)';
const longCode = 'إذا رُفضت الأرقام لأن شخصا آخر حاول مرات كثيرة، فأدخل هذا الرمز بدلا منها: {long}';

export const texts: Texts = {
  code: {
    subject: 'رمز التأكيد الخاص بك',
    text: [
      'رمز التأكيد الخاص بك هو {code}.',
      'يؤكد هذا الرمز عنوان البريد هذا للحساب {username}، وهو صالح لمدة 15 دقيقة. أدخله فقط إذا فتحت هذا الحساب بنفسك؛ وإلا فتجاهل هذه الرسالة ولن يحدث شيء.',
      longCode,
    ],
  },
  'already-known': {
    subject: 'لديك حساب بالفعل',
    text: [
      'حاول شخص ما، وربما أنت، فتح حساب بعنوان البريد هذا. العنوان تابع للحساب {username}: سجّل الدخول به، أو غيّر كلمة مروره.',
      'إذا لم تكن أنت، فلا حاجة لفعل شيء: حسابك كما كان.',
    ],
  },
  'reset-code': {
    subject: 'رمز كلمة المرور الجديدة',
    text: [
      'رمز كلمة المرور الجديدة هو {code}.',
      'يسمح هذا الرمز بتعيين كلمة مرور جديدة للحساب {username}، وهو صالح لمدة 15 دقيقة. إذا لم تطلبه فتجاهل هذه الرسالة: كلمة مرورك لا تتغير.',
      longCode,
    ],
  },
  'new-password': {
    subject: 'تغيّرت كلمة مرورك',
    text: ['للحساب {username} كلمة مرور جديدة، وانتهت جلساته الأخرى.', `إذا لم تكن أنت، ${setPassword}.`],
  },
  'email-changed': {
    subject: 'تغيّر عنوان بريدك',
    text: [
      'لم يعد هذا العنوان عنوان الحساب {username}: أُعطي عنوان آخر بدلا منه، أو أُزيل. لن تصل الرموز والرسائل إلى هنا بعد الآن.',
      'إذا لم تكن أنت، فسجّل الدخول حالا باسم {username}، وعيّن كلمة مرور جديدة (POST /v1/auth/change-password) وأعد عنوانك (PATCH /v1/customers/{username}). إذا لم تعد تستطيع تسجيل الدخول، فاكتب إلى إدارة المتجر.',
    ],
  },
  'second-factor-enrolled': {
    subject: 'أُضيف عامل ثان إلى حسابك',
    text: [
      'للحساب {username} الآن عامل ثان: يحتاج تسجيل الدخول أيضا إلى رمز من تطبيق المصادقة.',
      `إذا لم تكن أنت، ${setPassword}، واكتب إلى إدارة المتجر: هي وحدها تستطيع إزالة العامل الثاني.`,
    ],
  },
  'second-factor-removed': {
    subject: 'أُزيل العامل الثاني من حسابك',
    text: [
      'لم يعد للحساب {username} عامل ثان، ولم تعد رموز الاسترداد صالحة: تكفي كلمة المرور وحدها.',
      `إذا لم تكن أنت، ${setPassword}، ثم سجّل تطبيق المصادقة من جديد (POST /v1/auth/mfa/totp).`,
    ],
  },
  'second-factor-taken-away': {
    subject: 'أزال المتجر العامل الثاني من حسابك',
    text: [
      'أزالت إدارة المتجر العامل الثاني من الحساب {username} لأنها أُخبرت أنه ضاع. لم تعد رموز الاسترداد صالحة، وانتهت الجلسات، وتكفي كلمة المرور وحدها.',
      `إذا لم يكن هذا طلبك، ${setPassword}، وسجّل تطبيق المصادقة من جديد (POST /v1/auth/mfa/totp)، واكتب إلى إدارة المتجر.`,
    ],
  },
  'recovery-code-used': {
    subject: 'استُعمل رمز استرداد',
    text: [
      'استُعمل رمز استرداد للحساب {username} بدلا من رمز تطبيق المصادقة. عدد الرموز الباقية: {left}.',
      'كان هذا الرمز الأخير: أنشئ رموزا جديدة (POST /v1/auth/mfa/totp/recovery-codes) ما دام التطبيق لديك.{last}',
      `إذا لم تكن أنت، فإن رموز الاسترداد لدى شخص آخر: ${setPassword}، ثم أنشئ رموزا جديدة (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  'recovery-codes-renewed': {
    subject: 'استُبدلت رموز الاسترداد',
    text: [
      'للحساب {username} عشرة رموز استرداد جديدة، ولم تعد القديمة صالحة.',
      `إذا لم تكن أنت، ${setPassword}، ثم أنشئ رموزا جديدة بنفسك (POST /v1/auth/mfa/totp/recovery-codes).`,
    ],
  },
  linked: {
    subject: 'يمكن فتح حسابك بطريقة أخرى أيضا',
    text: [
      'يمكن الآن تسجيل الدخول إلى الحساب {username} عن طريق {provider}، الذي يقول إن هذا العنوان لك. كلمة المرور كما كانت.',
      'إذا لم تكن أنت، فلشخص ما حساب هناك باسمك: اكتب إلى إدارة المتجر، فهي تستطيع إيقاف الحساب حتى يتضح الأمر.',
    ],
  },

  'order-placed': { subject: 'تم تسجيل طلبك', text: ['شكرا لك. تم تسجيل طلبك {order}.', 'المجموع: {total}'] },
  'order-packed': { subject: 'طلبك جاهز للإرسال', text: ['تمت تعبئة طلبك {order} وهو في الطريق إلى شركة التوصيل.'] },
  'order-shipped': {
    subject: 'طلبك في الطريق',
    text: ['طلبك {order} في الطريق إليك.', 'شركة التوصيل: {carrier}', 'رقم التتبع: {tracking}'],
  },
  'order-delivered': {
    subject: 'تم تسليم طلبك',
    text: ['تم تسليم طلبك {order}.', 'إذا كان شيء ناقصا أو مكسورا، فاطلب الإرجاع خلال 14 يوما.'],
  },
  // the subjects are those that other APIs promise (src/dialects): the same in every language
  'order-placed.platform': { subject: 'Order Placed', text: ['شكرا لك. تم تسجيل طلبك {order}.', 'المجموع: {total}'] },
  'order-packed.platform': { subject: 'Order Packed', text: ['تمت تعبئة طلبك {order} وهو في الطريق إلى شركة التوصيل.'] },
  'order-delivered.platform': { subject: 'Order Delivered', text: ['تم تسليم طلبك {order}.'] },
  'order-shipped.microservices': { subject: '{product} now shipping', text: ['{product} من طلبك {order} في الطريق إليك.'] },
  'order-cancelled': { subject: 'أُلغي طلبك', text: ['أُلغي طلبك {order}. يُعاد إليك ما دُفع.'] },
  'order-refunded': { subject: 'أُعيد إليك المال', text: ['يُعاد إليك عن طلبك {order}: {amount}', 'المال في محفظتك.'] },
  'return-accepted': { subject: 'قُبل إرجاعك', text: ['قُبل إرجاع طلبك {order}.'] },
  'return-refused': { subject: 'رُفض إرجاعك', text: ['رُفض إرجاع طلبك {order}.'] },
  sold: { subject: 'لقد بعت شيئا', text: ['الطلب {order} يحتوي على منتجات لك.', 'مجموع منتجاتك: {total}'] },
  'sale-cancelled': { subject: 'أُلغي بيع', text: ['أُلغي الطلب {order}. لا ترسل منتجاتك. لقد عادت إلى المخزون.'] },
  'return-requested': { subject: 'مشتر يطلب الإرجاع', text: ['يطلب مشتري الطلب {order} إرجاع منتجات لك. اقبل الطلب أو ارفضه.'] },
  'payout-sent': { subject: 'أُرسل المبلغ إليك', text: ['أُرسل إليك المبلغ: {amount}'] },
  'payout-failed': { subject: 'فشل إرسال المبلغ', text: ['فشل إرسال المبلغ: {amount}', 'عاد المال إلى حسابك.'] },
  'payout-waiting': { subject: 'المبلغ ينتظر الموافقة', text: ['يجب أن يوافق شخص ثان على إرسال المبلغ: {amount}'] },
  'review-decided.published': { subject: 'تقييمك منشور', text: ['قُرئ تقييمك لـ {product} وهو منشور الآن.'] },
  'review-decided.removed': { subject: 'أُزيل تقييمك', text: ['قُرئ تقييمك لـ {product} ولا يُعرض.', 'السبب: {reason}'] },
  'product-decided.approved': { subject: 'منتجك منشور', text: ['قُبل {product} وهو معروض للبيع.'] },
  'product-decided.rejected': { subject: 'رُفض منتجك', text: ['رُفض {product}.', 'السبب: {reason}'] },
  'cleaned-up.product': {
    subject: 'حُذف منتجك',
    text: ['حُذف {product} لأن الصورة التي أعلنت عنها لم تصل. أضفه من جديد مع صورته.'],
  },
  'cleaned-up.category': {
    subject: 'حُذفت فئتك',
    text: ['حُذفت الفئة {category} لأن الصورة التي أعلنت عنها لم تصل.'],
  },
  'cleaned-up.product-refused': {
    subject: 'حُذف منتجك',
    text: ['حُذف {product} لأن الصورة التي أعلنت عنها رُفضت. أضفه من جديد مع صورة أخرى.', 'السبب: {reason}'],
  },
  'cleaned-up.category-refused': {
    subject: 'حُذفت فئتك',
    text: ['حُذفت الفئة {category} لأن الصورة التي أعلنت عنها رُفضت.', 'السبب: {reason}'],
  },
  'upload-refused': { subject: 'رُفض ملفك', text: ['{reason}', 'الملف: {file}', 'المنتج: {product}'] },
  'stock-low': { subject: 'منتج على وشك النفاد', text: ['{product}: عدد الوحدات الباقية: {available}'] },
  'back-in-stock': { subject: 'منتج من مفضلتك متوفر من جديد', text: ['{product} متوفر في المخزون من جديد.'] },
  'price-fell': { subject: 'انخفض سعر منتج من مفضلتك', text: ['سعر {product} الآن {to} (وكان {from}).'] },
  'webhook-paused': {
    subject: 'الويب هوك متوقف مؤقتا',
    text: ['لم يقبل {host} شيئا منذ وقت طويل، أو أجاب بأنه لا يريد شيئا بعد الآن. لا يُرسل إليه شيء حتى تفعّله من جديد.'],
  },
  'channel-stopped.email': {
    subject: 'لا نستطيع الوصول إليك بالبريد',
    text: ['خادم بريدك يرفض عنوانك. لا يُرسل إليه شيء بعد الآن. أعط عنوانا آخر في حسابك.'],
  },
  'channel-stopped.sms': {
    subject: 'لا نستطيع الوصول إليك برسالة قصيرة',
    text: ['رُفض رقم هاتفك. لا يُرسل إليه شيء بعد الآن. أعط رقما آخر في حسابك.'],
  },
};

/** Why a file was refused. */
export const phrases = {
  'never-arrived': 'لم يصل الملف في الوقت المحدد. أعلن عنه من جديد.',
  empty: 'الملف فارغ.',
  'wrong-size': 'حجم الملف غير الحجم المعلن.',
  'wrong-type': 'نوع الملف غير النوع المعلن.',
  'not-an-image': 'الملف ليس صورة يمكن عرضها: أرسل JPEG أو PNG أو WebP أو AVIF أو GIF.',
  truncated: 'الملف ناقص أو تالف.',
  animated: 'الصورة متحركة: أرسل صورة ثابتة.',
  'trailing-data': 'شيء آخر مخفي بعد نهاية الملف: صفحة أو برنامج أو مستند أو أرشيف.',
  'too-many-pixels': 'في الصورة أكثر من 50 مليون بكسل، أو أحد أضلاعها أطول من 16000.',
  inappropriate: 'تُظهر الصورة ما لا يجوز عرضه هنا.',
  'not-fetched': 'تعذّر جلب الصورة من عنوانها.',
  'not-a-document': 'الملف ليس PDF.',
  'active-content': 'يحتوي المستند على برامج أو إجراءات أو ملفات أخرى، أو هو مشفر: أرسل مستندا يعرض صفحاته فقط.',
  'no-longer-needed': 'لم يعد الملف معروضا: حل ملف آخر محله، أو أزيل أو لم يُعتمد، أو لم يعد ما كان مخصصا له موجودا.',
};
