// What the server says went wrong, in the page's language. The server speaks English; what has no words of its own here is said by its
// kind, with the server's words behind it.

import { isChinese } from "./words.js";

/** By the kind of a problem document: what it means, and what to do. */
const KINDS = {
  bad_picture: ["无法读取这个图片文件", "请选择其他图片"],
  bad_request: ["请求有误", "请检查设置后重试"],
  busy: ["正在绘制其他图片", "请稍后再试"],
  internal: ["程序内部出错", "请连同图片一起报告这个错误"],
  no_face: ["没有找到人脸", "请标记五个点,或选择正对镜头的图片"],
  not_found: ["找不到所请求的内容", "内容可能已经改变,请重新加载页面"],
  not_ready: ["任务尚未结束", "请稍后再试"],
  refused: ["请求被拒绝", "请使用本程序自己的页面"],
  too_large: ["图片太大", "请先缩小图片"],
  too_many: ["同一地址的请求过多", "请稍后再试"],
  unauthorised: ["此服务器需要令牌", "请输入令牌"],
  unusable: ["这张图片无法使用", "请选择其他图片"],
};

/** Sentences of the server, and the same in Chinese. */
const SENTENCES = [
  [/^(.+): no face was found$/, "$1:没有找到人脸"],
  [/^there is no face (\d+): (\d+) found$/, "没有第 $1 张人脸:共找到 $2 张"],
  [/^the picture file is larger than (\d+) MiB$/, "图片文件大于 $1 MiB"],
  [/^(.+): expected at most ([\d.]+) megapixels, found (\d+x\d+)$/, "$1:最多 $2 百万像素,实际为 $3"],
  [/^the picture took too long to arrive$/, "图片传输时间过长"],
  [/^size: expected at most (\d+) pixels beside this picture, found (\d+)$/, "这张图片最多可绘制 $1 像素,实际为 $2"],
  [/^style: there is no style "(.*)"$/, "没有名为“$1”的风格"],
  [/^model: there is no model "(.*)"$/, "没有名为“$1”的模型"],
  [/^no face found whose shape could be exaggerated$/, "没有找到可以夸张的人脸形状"],
  [/^points: expected points in a picture of (\d+x\d+) pixels, found \((.+)\)$/, "特征点应在 $1 像素的图片内,实际为 ($2)"],
  [/^(.+): expected a PNG, .*$/, "$1:不是能读取的图片"],
  [/^(.+): expected a whole (\w+).*$/, "$1:$2 文件不完整"],
  [/^there is no such dataset$/, "没有这个数据集"],
  [/^there is no such picture$/, "没有这张图片"],
  [/^this server keeps no marks$/, "此服务器不保存标记"],
  [/^the note has more than (\d+) characters$/, "备注超过 $1 个字"],
];

/** A problem document's `detail` and `hint` as the page says them; what the page itself made stays as it is. */
export function inWords(problem) {
  const { type, kind, detail = "", hint = "" } = problem;
  if (!type || !isChinese() || !KINDS[kind]) return { detail, hint };
  const [meaning, advice] = KINDS[kind];
  const known = SENTENCES.find(([pattern]) => pattern.test(detail));
  return { detail: known ? detail.replace(...known) : `${meaning}(${detail})`, hint: advice };
}

/** An answer's problem in one line. */
export async function problemOf(response) {
  const { detail, hint } = inWords(await response.json());
  return new Error(`${detail}${isChinese() ? `(${hint})` : ` (${hint})`}`);
}
